import * as pulumi from "@pulumi/pulumi";
import { shellQuote } from "../providers/remote/quote";
import type { Settings } from "../settings";
import { guardConf, guardScripts, mountUnitName } from "./guard-files";
import type { Node } from "./node";
import { guardFile, nodeCommand, nodeFile, nodePaths } from "./on-node";
import { containerName } from "./rancher";

export interface NodeSoftwareArgs {
  nodes: Node[];
  settings: Settings;
  /** The stack's name among all that export from this machine. */
  id: string;
  sentinel: string;
}

/** Seconds that a node may take to install the packages that it lacks. */
const installLimit = 900;

/** The units of guard/ that need no values. */
const units = ["ha-rancher-identity.service", "ha-rancher-guard.service"];

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
    const files = ["ha-rancher-guard.service", ...guardScripts.map(({ name }) => name)];
    return `${files.map(guardFile).join("")}${this.conf.get(node.name)}`;
  }

  private installOn(node: Node, args: NodeSoftwareArgs): void {
    const { settings } = args;
    const prepared = nodeCommand("prepared", node, this, {
      run: `bash -s -- ${shellQuote(settings.dataDirectory)} ${shellQuote(nodePaths.lease)}`,
      script: guardFile("prepare"),
      limit: installLimit,
      undo: `rm -rf ${nodePaths.scripts} ${nodePaths.config}`,
    });
    const conf = guardConf({
      node: node.name,
      vip: settings.vip.address,
      container: containerName,
      dataDirectory: settings.dataDirectory,
      dataUnit: mountUnitName(settings.dataDirectory),
      leaseDirectory: nodePaths.lease,
      identity: `${args.id}-${node.name}`,
      sentinel: args.sentinel,
    });
    this.conf.set(node.name, conf);
    const file = (fileName: string, path: string, content: string, mode: string): pulumi.Resource =>
      nodeFile(fileName, node, this, { path: `${path}/${fileName}`, content, mode }, [prepared]);
    this.installed.set(node.name, [
      prepared,
      file("guard.conf", nodePaths.config, conf, "0644"),
      ...guardScripts.map(({ name, mode }) => file(name, nodePaths.scripts, guardFile(name), mode)),
      ...units.map((unit) => file(unit, nodePaths.units, guardFile(unit), "0644")),
    ]);
  }
}
