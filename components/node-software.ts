import * as pulumi from "@pulumi/pulumi";
import type { FenceAgent } from "../domain/fencing";
import { guardConf } from "../domain/guard-conf";
import { setFiles } from "../domain/node-set";
import { defaultTimes, type NodeTimes } from "../domain/timers";
import { mountUnitName } from "../domain/units";
import { nodeFile } from "../providers/remote/script";
import { Component } from "./component";
import { fenceFiles } from "./fence-files";
import type { Node } from "./node";
import { type Dependencies, nodeCommand, nodeFiles, nodePaths, programCommand, programsOn } from "./on-node";

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

/** What the guards of all nodes are told alike. */
export interface GuardArgs {
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
  /** Timers, seconds and counts; defaults: `defaultTimes` of domain/timers.ts. */
  times?: Partial<NodeTimes>;
  /** Default: nodes fence themselves. */
  fencing?: FencingArgs | undefined;
}

export interface NodeSoftwareArgs {
  nodes: Node[];
  guard: GuardArgs;
}

/** Seconds that a node may take to install the packages that it lacks. */
const installLimit = 900;

/** The units that need no values. */
const units = ["ha-rancher-identity.service", "ha-rancher-watchdog.service", "ha-rancher-guard.service"];

/** What was made on a node. */
interface Installed {
  /** Packages and folders. */
  prepared: pulumi.Resource;
  /** All of it. */
  all: pulumi.Resource[];
  /** The guard's settings as text: the guard restarts when they change. */
  conf: pulumi.Output<string>;
}

/** Packages, folders, scripts, units and the guard's settings on every node; nothing is started here. */
export class NodeSoftware extends Component {
  private readonly installed: Map<Node, Installed>;

  constructor(name: string, args: NodeSoftwareArgs, opts?: pulumi.ComponentResourceOptions) {
    super("NodeSoftware", name, {}, opts);
    this.installed = new Map(args.nodes.map((node) => [node, this.installOn(node, args)]));
    this.registerOutputs({});
  }

  /** After this a node has its packages and folders: Docker, NFS. */
  prepared(node: Node): Dependencies {
    return [this.on(node).prepared];
  }

  /** After this a node has all that its guard runs from. */
  complete(node: Node): Dependencies {
    return this.on(node).all;
  }

  /** All that the guard of a node runs from, as one text: it restarts when that changes. */
  guardSource(node: Node): pulumi.Output<string> {
    const files = [
      "units/ha-rancher-watchdog.service",
      "units/ha-rancher-guard.service",
      ...setFiles("current")
        .map(({ path }) => path)
        .filter((path) => /^(guard|lib)\//.test(path)),
    ];
    return pulumi.interpolate`${files.map(nodeFile).join("")}${this.on(node).conf}`;
  }

  private on(node: Node): Installed {
    const found = this.installed.get(node);
    if (!found) throw new pulumi.ResourceError(`it has no node ${node.name}: give it in \`nodes\``, this);
    return found;
  }

  private installOn(node: Node, { nodes, guard }: NodeSoftwareArgs): Installed {
    const { fencing } = guard;
    programsOn(node, this, { aliases: [formerFiles(node)] });
    const folders = [guard.dataDirectory, nodePaths.lease];
    const prepared = nodeCommand("prepared", node, this, {
      ...programCommand("host/prepare", ["make", ...folders, ...(fencing ? [fencing.agent] : [])]),
      limit: installLimit,
      undo: programCommand("host/prepare", ["undo", ...folders]).run,
    });
    const conf = pulumi.output(node.address).apply((address) => confOf(node.name, address, guard));
    const files = nodeFiles("guard-files", node, this, { files: conf.apply(guardFiles) }, [prepared]);
    const others = nodes.filter((other) => other !== node).map(({ name }) => name);
    const fences = fencing && [
      nodeFiles(
        "fence-files",
        node,
        this,
        // With passwords and keys in them.
        {
          files: pulumi.secret(
            pulumi
              .output({ options: {}, ...fencing })
              .apply((agent) => fenceFiles(agent as FenceAgent, others)),
          ),
        },
        [prepared],
      ),
    ];
    return { prepared, all: [prepared, files, ...(fences ?? [])], conf };
  }
}

/**
 * In stacks of former versions the programs were files of this resource. It becomes the set, which leaves those files where
 * a guard still runs from them; a `Files` that loses them would remove them at once.
 */
const formerFiles = (node: Node): pulumi.Alias => ({
  name: `${node.name}-software-files`,
  type: "pulumi-nodejs:dynamic/remote:Files",
});

/** A node's guard.conf. */
function confOf(node: string, address: string, guard: GuardArgs): string {
  const { vip, dataDirectory, id, sharedServer, nfsVersion = "4.2", sentinel, fencing } = guard;
  return guardConf({
    ...{ node, vip, dataDirectory, nfsVersion, sentinel },
    dataUnit: mountUnitName(dataDirectory),
    leaseDirectory: nodePaths.lease,
    // Two stacks may have one name on a server that others use, too; no two nodes there have one address.
    identity: [id, node, ...(sharedServer ? [address] : [])].join("-"),
    // What it runs is the release's to say.
    serviceFile: `${nodePaths.config}/service.conf`,
    fenceAgent: fencing?.agent,
    times: timesOf(guard),
  });
}

/** The timers that a node is told; how long fencing may take is for where an agent fences. */
function timesOf({ times, fencing }: GuardArgs): Partial<NodeTimes> {
  const { fenceLimit, ...others } = { ...defaultTimes, ...times };
  return fencing ? { ...others, fenceLimit } : others;
}

/** The guard's settings and units, by path. */
function guardFiles(conf: string): Record<string, { content: string }> {
  return {
    [`${nodePaths.config}/guard.conf`]: { content: conf },
    ...Object.fromEntries(
      units.map((unit) => [`${nodePaths.units}/${unit}`, { content: nodeFile(`units/${unit}`) }]),
    ),
  };
}
