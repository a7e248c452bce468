import * as pulumi from "@pulumi/pulumi";
import type { WatchdogMode } from "../domain/agent-configuration";
import type { Declared } from "../domain/declared";
import { certificatePlace } from "../domain/observer-configuration";
import type { Page } from "../domain/page";
import { defaultTimes, type NodeTimes } from "../domain/timers";
import { completeSpec, type TakeoverBound, type Vip, withPriorities } from "../domain/vrrp";
import { Agents } from "./agents";
import { type BackupPlan, Backups, type SnapshotPlan, Snapshots } from "./backups";
import { checkArgs } from "./checks";
import { Component } from "./component";
import { FloatingIp, type FloatingIpOptions } from "./floating-ip";
import type { Node } from "./node";
import { type AgentArgs, type FencingArgs, NodeSoftware } from "./node-software";
import { makeNodes, type NodesArgs } from "./nodes";
import type { NotifyArgs } from "./notify-files";
import { type NodeOutput, observe } from "./observe";
import { Service } from "./service";
import { SharedStorage, type StorageSource } from "./shared-storage";
import type { ImageSources, Workload } from "./workload";
import { workloadMistakes } from "./workload-checks";

/** A highly available service's surroundings: all but what runs there. */
export interface HaBaseArgs extends NodesArgs {
  /**
   * Tells this service from others on the same hosts and NFS servers: letters, digits, dashes, such as `ha-rancher-dev`.
   * Exports, NFS identities and the data's mark are named after it: a change replaces the export.
   */
  id: string;
  /** The addresses that move. */
  floatingIp: FloatingIpOptions;
  /** Who serves the shared data. */
  storage: StorageSource;
  /** Where the active node has the shared data mounted: an absolute path. */
  dataDirectory: string;
  /** Default 4.2. 3 has no leases, so that a weaker rule applies: docs/one-writer.md. */
  nfsVersion?: "4.2" | "3";
  /** Timers in seconds: heartbeat < giveUp < watchdog < leaseTime <= graceTime; defaults: docs/one-writer.md. */
  guard?: Partial<NodeTimes>;
  /** A program that makes a node silent that may still write; default: nodes do that themselves. */
  fencing?: FencingArgs | undefined;
  /** Whether a node needs a watchdog device to serve; default `automatic`: one is used where there is one. */
  watchdog?: WatchdogMode | undefined;
  /** Whom the nodes tell of failovers and faults (docs/monitoring.md); default: nobody. Kept as a secret. */
  notify?: NotifyArgs | undefined;
  /** Default: no backups. */
  backup?: BackupPlan | undefined;
  /** Default: none by schedule, only from before each start. */
  snapshots?: SnapshotPlan | undefined;
  /** How nodes come by the workload's image. */
  imageSources?: ImageSources | undefined;
  /** True: Pulumi refuses to delete or replace what holds data. Default false. */
  protect?: boolean;
  /** What the stack is for, which decides how strictly the policies judge it; default `dev`. */
  environment?: Declared["environment"];
  /** The nodes' network, for the policies; default: the VIP's. */
  subnet?: Vip;
}

export interface HaServiceArgs extends HaBaseArgs {
  workload: Workload;
}

/** What a highly available service gives. */
export interface HaServiceOutputs {
  /** The floating IP, without prefix. */
  vip: string;
  /** Where the service answers on it. */
  url: string;
  /** What it answers there as soon as it can be used. */
  answers: Page;
  /** Measured at every `up`; `none` or `several (...)` if there is not exactly one. */
  currentMaster: pulumi.Output<string>;
  /** All nodes that have the VIP on an interface, as measured. */
  vipHolders: pulumi.Output<string[]>;
  /** Every node, with its role as measured, and how to log in. */
  nodes: pulumi.Output<NodeOutput[]>;
  /** Seconds that the VIP may be without a holder, after a crash and in a planned move. */
  takeover: TakeoverBound;
}

/** The workload behind a floating IP: nodes, shared storage, and the agents that let one node run it. */
export class HaService extends Component implements HaServiceOutputs {
  readonly vip: string;
  readonly url: string;
  readonly answers: Page;
  readonly currentMaster: pulumi.Output<string>;
  readonly vipHolders: pulumi.Output<string[]>;
  readonly nodes: pulumi.Output<NodeOutput[]>;
  readonly takeover: TakeoverBound;

  /** @throws pulumi.RunError with all mistakes of the arguments */
  constructor(name: string, args: HaServiceArgs, opts?: pulumi.ComponentResourceOptions) {
    checkArgs(name, args, workloadMistakes(args.workload));
    const about = declared(args);
    // A stack may not become one of another workload: the release or the agents say so, if they are found.
    const others = ["HaRancher", "HaAddress"].map((type) => ({ type: `ha-rancher:components:${type}` }));
    super("HaService", name, about, pulumi.mergeOptions({ aliases: others }, opts));
    const made = makeHaService(args, this);
    ({
      vip: this.vip,
      url: this.url,
      answers: this.answers,
      currentMaster: this.currentMaster,
      vipHolders: this.vipHolders,
      nodes: this.nodes,
      takeover: this.takeover,
    } = made);
    this.registerOutputs({ ...made, nodes: about.nodes });
  }
}

/** What a component says about itself before anything is made: policies judge it in a first preview, too. */
export function declared(args: HaBaseArgs): pulumi.Inputs & { [key in keyof Declared]: unknown } {
  const { vip, furtherVips, virtualRouterId, advertInterval } = completeSpec(args.floatingIp);
  return {
    ...{ vip, furtherVips, virtualRouterId, advertInterval },
    subnet: args.subnet ?? vip,
    dataDirectory: args.dataDirectory,
    environment: args.environment ?? "dev",
    nodes: withPriorities(args.nodes).map(({ name, address, priority }) => ({ name, address, priority })),
  };
}

/** Makes all of a highly available service as children of a component. {@link checkArgs} comes before it. */
export function makeHaService(args: HaServiceArgs, component: Component): HaServiceOutputs {
  const { id, floatingIp, workload, protect = false, imageSources, storage: source } = args;
  const { dataDirectory, nfsVersion = "4.2" } = args;
  const sentinel = `shared data of ${id}`;
  const times = { ...defaultTimes, ...args.guard };
  const named = (name: string) => component.childName(name);
  const options = (name: string) => component.childOptions(name);

  const nodes = makeNodes(args, [floatingIp.vip, ...(floatingIp.furtherVips ?? [])], component);
  const software = new NodeSoftware(
    named("software"),
    { nodes, agent: agentArgs(args, { dataDirectory, nfsVersion, sentinel }) },
    options("software"),
  );
  const prepared = (node: Node) => software.prepared(node);
  const complete = (node: Node) => software.complete(node);
  const ip = new FloatingIp(
    named("floating-ip"),
    { ...floatingIp, nodes, agentDecides: true, prepared, after: complete },
    options("floating-ip"),
  );
  const storage = new SharedStorage(
    named("storage"),
    {
      ...{ nodes, source, dataDirectory, nfsVersion, id, sentinel, times, protect },
      ...{ after: complete, beforeLeave: ip.handedOver() },
    },
    options("storage"),
  );
  const onNode = (node: Node) => [...complete(node), ...storage.mounted(node), ...ip.running()];
  const { resources = workload.name, others = [] } = workload;
  const service = new Service(
    named(resources),
    { nodes, workload, imageSources, prepared, ready: onNode },
    pulumi.mergeOptions(options(resources), { aliases: others.map((name) => ({ name: named(name) })) }),
  );
  if (args.backup)
    new Backups(named("backups"), { nodes, ...args.backup, after: complete }, options("backups"));
  if (args.snapshots)
    new Snapshots(named("snapshots"), { nodes, ...args.snapshots, after: complete }, options("snapshots"));
  // What ran the service before there were agents.
  const former = { type: "ha-rancher:components:Guards", name: named("guards") };
  const agents = new Agents(
    named("agents"),
    {
      nodes,
      source: (node) => software.agentSource(node),
      after: (node) => [...onNode(node), ...service.released()],
    },
    { parent: component, aliases: [former, { ...former, name: "guards" }] },
  );
  const vip = ip.vip.address;
  const found = observe({ nodes, vip, workload, after: agents.started });
  return {
    ...{ vip, url: workload.url, answers: workload.answers, takeover: ip.takeover },
    ...{ currentMaster: found.currentMaster, vipHolders: found.vipHolders, nodes: found.nodes },
  };
}

/** What the agents of all nodes are told. */
function agentArgs(
  { id, floatingIp, storage, workload, fencing, watchdog, guard, backup, notify }: HaServiceArgs,
  data: Pick<AgentArgs, "dataDirectory" | "nfsVersion" | "sentinel">,
): AgentArgs {
  return {
    ...{ id, vip: floatingIp.vip.address, ...data, fencing, watchdog },
    ...{ datastore: workload.datastore, backup: workload.backup },
    notify,
    observer: { stack: id, backup, certificate: certificatePlace(workload.url) },
    sharedServer: storage.kind === "server",
    storageFence: storage.kind === "machine" && storage.fences === true,
    times: { ...guard, startDeadline: workload.startDeadline, stopGrace: workload.stopGrace },
  };
}
