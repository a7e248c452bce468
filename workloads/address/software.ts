import * as pulumi from "@pulumi/pulumi";
import { AgentSoftware, type Installed } from "../../components/agent-software";
import type { Component } from "../../components/component";
import type { Node } from "../../components/node";
import { type NotifyArgs, notifyFiles } from "../../components/notify-files";
import { nodeCommand, nodeFiles, nodePaths, programCommand, reloadUnits } from "../../components/on-node";
import { observerConfiguration, observerUnit } from "../../domain/observer-configuration";
import { nodeFile } from "../../providers/remote/script";
import { type AddressConfiguration, addressConfiguration } from "./agent-configuration";

/** What {@link AddressSoftware} takes. */
export interface AddressSoftwareArgs {
  nodes: Node[];
  /** What all agents are told alike. */
  agent: Pick<AddressConfiguration, "vips" | "times">;
  /** Whom the nodes tell what happens; undefined: nobody. */
  notify?: NotifyArgs | undefined;
  /** Tells this stack from others in metrics. */
  stack: string;
}

/** Seconds that a node may take to install the packages that it lacks. */
const installLimit = 900;

/** The agent's unit: on a node it has the name that it has wherever there is an agent. */
const unit = "ha-rancher-address.service";

/** All that are on a node. */
const units = [unit, observerUnit];

/** Folders, programs, the agent's unit and settings on every node: no Docker, no NFS. Nothing is started here. */
export class AddressSoftware extends AgentSoftware {
  constructor(name: string, args: AddressSoftwareArgs, opts?: pulumi.ComponentResourceOptions) {
    const install = (node: Node, component: Component) => installOn(node, args, component);
    super("AddressSoftware", name, { nodes: args.nodes, units, install }, opts);
  }
}

function installOn(
  node: Node,
  { nodes, agent, stack, notify }: AddressSoftwareArgs,
  component: Component,
): Installed {
  const prepare = (verb: "make" | "look" | "undo") => programCommand("host/prepare", [verb, "-", "-"]);
  const prepared = nodeCommand("prepared", node, component, {
    ...prepare("make"),
    limit: installLimit,
    look: prepare("look").run,
    undo: prepare("undo").run,
  });
  const peers = nodes.filter((other) => other !== node).map(({ name }) => name);
  const first = nodes.reduce((one, other) => (other.priority > one.priority ? other : one)).name;
  const configuration = pulumi
    .output(node.address)
    .apply((address) => addressConfiguration({ node: node.name, peers, address, first, ...agent }));
  const files = nodeFiles(
    "agent-files",
    node,
    component,
    {
      files: configuration.apply((content) => ({
        [`${nodePaths.config}/agent.json`]: { content },
        [`${nodePaths.config}/observer.json`]: { content: observerConfiguration({ stack }) },
        [`${nodePaths.units}/ha-rancher-agent.service`]: { content: nodeFile(`units/${unit}`) },
        [`${nodePaths.units}/${observerUnit}`]: { content: nodeFile(`units/${observerUnit}`) },
      })),
      afterWrite: reloadUnits("ha-rancher-agent"),
    },
    [prepared],
  );
  const told = notify ? [notifyFiles(node, component, notify, [prepared])] : [];
  return { prepared, all: [prepared, files, ...told], configuration };
}
