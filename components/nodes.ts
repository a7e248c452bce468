import * as pulumi from "@pulumi/pulumi";
import { type Vip, withPriorities } from "../domain/vrrp";
import type { Component } from "./component";
import { type HostNodeArgs, type HostRules, Hosts } from "./hosts";
import { type MachineNodeArgs, Machines, type MachineTemplate } from "./machines";
import type { Node, NodeIdentity } from "./node";

/** With its priority left to the order of nodes: 150 for the first one, 10 less for each that follows. */
type InOrder<T extends NodeIdentity> = Omit<T, "priority"> & { priority?: number | undefined };

/** A machine that is made, or with `host` one that existed before. */
export type NodeArgs = InOrder<MachineNodeArgs> | InOrder<HostNodeArgs>;

/** The nodes of a service, and what they are made of. */
export interface NodesArgs {
  /** Two to ten, the first preferred at the start. Plain, as a list: it decides how many resources there are. */
  nodes: NodeArgs[];
  /** What machines are made of; needed if a node is to be made. */
  machines?: MachineTemplate | undefined;
  /** What holds for all hosts; needed if a node is one. */
  hosts?: HostRules | undefined;
}

const isHost = (node: MachineNodeArgs | HostNodeArgs): node is HostNodeArgs => "host" in node;

/** The nodes in the order of the list: machines that are made, and hosts that existed before. */
export function makeNodes(
  { machines, hosts, ...args }: NodesArgs,
  vips: Vip[],
  component: Component,
): Node[] {
  const nodes = withPriorities(args.nodes);
  const existing = nodes.filter(isHost);
  const made = nodes.filter((node): node is MachineNodeArgs => !isHost(node));
  const all = [
    ...(made.length > 0
      ? new Machines(
          component.childName("machines"),
          { nodes: made, template: given(machines, "machines", component) },
          component.childOptions("machines"),
        ).nodes
      : []),
    ...(existing.length > 0
      ? new Hosts(
          component.childName("hosts"),
          {
            nodes: existing,
            vips: vips.map(({ address }) => address).filter((address) => !address.includes(":")),
            ...given(hosts, "hosts", component),
          },
          component.childOptions("hosts"),
        ).nodes
      : []),
  ];
  return nodes.map(({ name }) => all.find((node) => node.name === name) as Node);
}

function given<T>(value: T | undefined, name: string, component: Component): T {
  if (value === undefined)
    throw new pulumi.ResourceError(
      `\`${name}\` is missing: give it, since \`nodes\` has such nodes`,
      component,
    );
  return value;
}
