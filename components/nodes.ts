import type * as pulumi from "@pulumi/pulumi";
import type { Settings } from "../settings";
import { Hosts } from "./hosts";
import { Machines } from "./machines";
import type { Node } from "./node";
import type { Place } from "./place";

/** The nodes in the order of the settings: machines that are made, and hosts that existed before. */
export function makeNodes(settings: Settings, place: Place, opts: pulumi.ComponentResourceOptions): Node[] {
  const made = settings.nodes.some(({ host }) => !host)
    ? new Machines("machines", settings, place, opts).nodes
    : [];
  const taken = settings.nodes.some(({ host }) => host)
    ? new Hosts("hosts", settings, place.image, opts).nodes
    : [];
  const all = [...made, ...taken];
  return settings.nodes.map(({ name }) => all.find((node) => node.name === name) as Node);
}
