import * as pulumi from "@pulumi/pulumi";
import { guardConf, mountUnitName } from "../domain/guard-conf";
import { setFiles } from "../domain/node-set";
import { type NodeTimes, nodeTimes } from "../domain/timers";
import { nodeFile } from "../providers/remote/script";
import type { Settings } from "../settings";
import { hasAgent } from "../settings/fencing";
import { fenceFiles } from "./fence-files";
import type { Node } from "./node";
import { nodeCommand, nodeFiles, nodePaths, programCommand, programsOn } from "./on-node";

export interface NodeSoftwareArgs {
  nodes: Node[];
  settings: Settings;
  /** The stack's name among all that export from this machine. */
  id: string;
  sentinel: string;
}

/** Seconds that a node may take to install the packages that it lacks. */
const installLimit = 900;

/** The units that need no values. */
const units = ["ha-rancher-identity.service", "ha-rancher-watchdog.service", "ha-rancher-guard.service"];

/** Packages, folders, scripts, units and the guard's settings on every node; nothing is started here. */
export class NodeSoftware extends pulumi.ComponentResource {
  /** The guard's settings as text, per node: the guard restarts when they change. */
  private readonly conf = new Map<string, string>();
  private readonly installed = new Map<string, pulumi.Resource[]>();

  constructor(name: string, args: NodeSoftwareArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ha-rancher:components:NodeSoftware", name, {}, opts);
    for (const node of args.nodes) this.installOn(node, args);
    this.registerOutputs({});
  }

  /** The resources after which a node's software is there. */
  on(node: Node): pulumi.Resource[] {
    return this.installed.get(node.name) ?? [];
  }

  /** All that the guard of a node runs from, as one text: it restarts when that changes. */
  guardSource(node: Node): string {
    const files = [
      "units/ha-rancher-watchdog.service",
      "units/ha-rancher-guard.service",
      ...setFiles("current")
        .map(({ path }) => path)
        .filter((path) => /^(guard|lib)\//.test(path)),
    ];
    return `${files.map(nodeFile).join("")}${this.conf.get(node.name)}`;
  }

  private installOn(node: Node, args: NodeSoftwareArgs): void {
    const { settings } = args;
    const { fencing } = settings;
    const agent = hasAgent(fencing) ? fencing : undefined;
    programsOn(node, this, { aliases: [formerFiles(node)] });
    const folders = [settings.dataDirectory, nodePaths.lease];
    const prepared = nodeCommand("prepared", node, this, {
      ...programCommand("host/prepare", ["make", ...folders, ...(agent ? [agent.agent] : [])]),
      limit: installLimit,
      undo: programCommand("host/prepare", ["undo", ...folders]).run,
    });
    const conf = guardConf({
      node: node.name,
      vip: settings.vip.address,
      dataDirectory: settings.dataDirectory,
      dataUnit: mountUnitName(settings.dataDirectory),
      leaseDirectory: nodePaths.lease,
      // Two stacks may have one name on a server that others use, too; no two nodes there have one address.
      identity: [args.id, node.name, ...(settings.storage === "server" ? [node.address] : [])].join("-"),
      nfsVersion: settings.nfsVersion,
      sentinel: args.sentinel,
      // What it runs is the release's to say.
      serviceFile: `${nodePaths.config}/service.conf`,
      fenceAgent: agent?.agent,
      times: timesOf(settings),
    });
    this.conf.set(node.name, conf);
    const files = nodeFiles(
      "guard-files",
      node,
      this,
      {
        files: {
          [`${nodePaths.config}/guard.conf`]: { content: conf },
          ...Object.fromEntries(
            units.map((unit) => [`${nodePaths.units}/${unit}`, { content: nodeFile(`units/${unit}`) }]),
          ),
        },
      },
      [prepared],
    );
    const others = args.nodes.filter((other) => other !== node).map(({ name }) => name);
    const fences = agent && [
      nodeFiles(
        "fence-files",
        node,
        this,
        // With passwords and keys in them.
        { files: pulumi.secret(fenceFiles(agent, others)) },
        [prepared],
      ),
    ];
    this.installed.set(node.name, [prepared, files, ...(fences ?? [])]);
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

/** The timers that a node is told; how long fencing may take is for where an agent fences. */
function timesOf({ guard, fencing, startDeadline }: Settings): Partial<NodeTimes> {
  const { fenceLimit, ...times } = nodeTimes(guard, guard.health, {
    startDeadline,
    fenceLimit: fencing.timeout,
  });
  return hasAgent(fencing) ? { ...times, fenceLimit } : times;
}
