import * as pulumi from "@pulumi/pulumi";
import { agentConfiguration, type OnlineBackup, type WatchdogMode } from "../domain/agent-configuration";
import type { FenceAgent } from "../domain/fencing";
import {
  type ObserverConfiguration,
  observerConfiguration,
  observerUnit,
} from "../domain/observer-configuration";
import { defaultTimes, type NodeTimes } from "../domain/timers";
import { nodeFile } from "../providers/remote/script";
import { AgentSoftware, type Installed } from "./agent-software";
import type { Component } from "./component";
import { fenceFiles } from "./fence-files";
import type { Node } from "./node";
import { type NotifyArgs, notifyFiles } from "./notify-files";
import { nodeCommand, nodeFiles, nodePaths, programCommand, programsOn, reloadUnits } from "./on-node";

/** A fence agent, whose confirmed "off" a successor waits for. Its options may hold secrets: all of them are kept as such. */
export interface FencingArgs {
  /** A program, such as `fence_virsh`. Plain: it is installed with the packages. */
  agent: string;
  /** What it is told for every node, by its own names of options. */
  options?: Record<string, pulumi.Input<string>>;
  /** What it is told for each node, by the node's name: at least how the agent calls it (`plug`, or `ip`). */
  nodes: Record<string, Record<string, pulumi.Input<string>>>;
  /** Text of the private key with which it logs in over SSH. */
  sshKey?: pulumi.Input<string | undefined> | undefined;
  /** The SSH host key of where it logs in, `TYPE BASE64`; needed with `sshKey`. */
  hostKey?: pulumi.Input<string | undefined> | undefined;
}

/** What the agents of all nodes are told alike. */
export interface AgentArgs {
  /** The floating IP, without prefix. */
  vip: string;
  /** Where the active node has the shared data mounted: an absolute path. */
  dataDirectory: string;
  /** Begins each node's NFS client identity: unique among all clients of the NFS server. No blanks. */
  id: string;
  /** True if others use the NFS server, too: identities then end with the node's address. Default false. */
  sharedServer?: boolean;
  /** Default 4.2. 3 has no leases, so that a weaker rule applies: docs/one-writer.md. */
  nfsVersion?: "4.2" | "3";
  /** The first line of `.ha-rancher-sentinel` in the shared data, which tells it from any other. */
  sentinel: string;
  /** What of the data is copied before each start, a relative path: the datastore's folder. */
  datastore?: string | undefined;
  /** Timers, seconds and counts; defaults: `defaultTimes` of domain/timers.ts. */
  times?: Partial<NodeTimes>;
  /** Default: nodes fence themselves. */
  fencing?: FencingArgs | undefined;
  /** Whether the NFS server cuts nodes off; default false. */
  storageFence?: boolean;
  /** Whether a node needs a watchdog device to serve; default `automatic`: one is used where there is one. */
  watchdog?: WatchdogMode | undefined;
  /** Default: a backup stops the service. */
  backup?: OnlineBackup | undefined;
  /** Whom the nodes tell what happens; default: nobody. */
  notify?: NotifyArgs | undefined;
  /** What the nodes' observers look at. */
  observer: ObserverConfiguration;
}

/** What {@link NodeSoftware} takes. */
export interface NodeSoftwareArgs {
  nodes: Node[];
  agent: AgentArgs;
}

/** Seconds that a node may take to install the packages that it lacks. */
const installLimit = 900;

/** The units that need no values. */
const units = [
  "ha-rancher-nfs-identity.service",
  "ha-rancher-lease.service",
  "ha-rancher-agent.service",
  observerUnit,
];

/** Packages, folders, programs, units and the agent's settings on every node: Docker, NFS, the lease. Nothing is started here. */
export class NodeSoftware extends AgentSoftware {
  constructor(name: string, args: NodeSoftwareArgs, opts?: pulumi.ComponentResourceOptions) {
    const install = (node: Node, component: Component) => installOn(node, args, component);
    super("NodeSoftware", name, { nodes: args.nodes, units, install }, opts);
  }
}

function installOn(node: Node, { nodes, agent }: NodeSoftwareArgs, component: Component): Installed {
  const { fencing } = agent;
  programsOn(node, component, { aliases: [formerFiles(node)] });
  const folders = [agent.dataDirectory, nodePaths.lease];
  const prepare = (verb: "make" | "look", user: string) =>
    programCommand("host/prepare", [verb, ...folders, user, ...(fencing ? [fencing.agent] : [])]);
  // Who logs in is no secret, as the rest of the endpoint is.
  const line = (verb: "make" | "look") =>
    pulumi.unsecret(node.ssh).apply(({ user }) => prepare(verb, user).run);
  const prepared = nodeCommand("prepared", node, component, {
    ...prepare("make", ""),
    run: line("make"),
    limit: installLimit,
    look: line("look"),
    undo: programCommand("host/prepare", ["undo", ...folders]).run,
  });
  const others = nodes.filter((other) => other !== node).map(({ name }) => name);
  const configuration = pulumi
    .output(node.address)
    .apply((address) => configurationOf({ name: node.name, address, peers: others }, agent));
  const files = nodeFiles(
    "agent-files",
    node,
    component,
    {
      files: configuration.apply((text) => agentFiles(text, agent.observer)),
      afterWrite: reloadUnits("ha-rancher-agent"),
    },
    [prepared],
  );
  const fences = fencing && [
    nodeFiles(
      "fence-files",
      node,
      component,
      // With passwords and keys in them.
      {
        files: pulumi.secret(
          pulumi
            .output({ options: {}, ...fencing })
            .apply((known) => fenceFiles(known as FenceAgent, others)),
        ),
      },
      [prepared],
    ),
  ];
  const notify = agent.notify && [notifyFiles(node, component, agent.notify, [prepared])];
  return { prepared, all: [prepared, files, ...(fences ?? []), ...(notify ?? [])], configuration };
}

/**
 * In stacks of former versions the programs were files of this resource. It becomes the set, which leaves those files where
 * something still runs from them; a `Files` that loses them would remove them at once.
 */
const formerFiles = (node: Node): pulumi.Alias => ({
  name: `${node.name}-software-files`,
  type: "pulumi-nodejs:dynamic/remote:Files",
});

/** A node's agent.json. */
function configurationOf(
  { name, address, peers }: { name: string; address: string; peers: string[] },
  agent: AgentArgs,
): string {
  const { vip, dataDirectory, id, sharedServer, nfsVersion, sentinel, datastore, fencing, watchdog } = agent;
  return agentConfiguration({
    ...{ node: name, peers, vip, address, dataDirectory, nfsVersion, sentinel, datastore, watchdog },
    leaseDirectory: nodePaths.lease,
    // Two stacks may have one name on a server that others use, too; no two nodes there have one address.
    identity: [id, name, ...(sharedServer ? [address] : [])].join("-"),
    fenceAgent: fencing?.agent,
    storageFence: agent.storageFence,
    backup: agent.backup,
    // What it runs is the release's to say.
    serviceFile: `${nodePaths.config}/service.json`,
    times: timesOf(agent),
  });
}

/** The timers that an agent is told; how long fencing may take is for where a fence agent does it. */
function timesOf({ times, fencing }: AgentArgs): Partial<NodeTimes> {
  const { fenceLimit, ...others } = { ...defaultTimes, ...times };
  return fencing ? { ...others, fenceLimit } : others;
}

/** The agent's settings and units, by path. */
function agentFiles(
  configuration: string,
  observer: ObserverConfiguration,
): Record<string, { content: string }> {
  return {
    [`${nodePaths.config}/observer.json`]: { content: observerConfiguration(observer) },
    [`${nodePaths.config}/agent.json`]: { content: configuration },
    ...Object.fromEntries(
      units.map((unit) => [`${nodePaths.units}/${unit}`, { content: nodeFile(`units/${unit}`) }]),
    ),
  };
}
