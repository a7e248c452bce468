import * as pulumi from "@pulumi/pulumi";
import { Export } from "../providers/nfs";
import type { Settings } from "../settings";
import { mountUnitName, renderMountUnit } from "./guard-files";
import type { Node } from "./node";
import { guardFile, nodeCommand, nodeFiles, nodePaths, reloadUnits, startUnits } from "./on-node";
import type { Place } from "./place";

export interface SharedStorageArgs {
  nodes: Node[];
  settings: Settings;
  place: Place;
  /** The stack's name among all that export from this machine. */
  id: string;
  /** The line in a file of the data directory that tells the right one from any other. */
  sentinel: string;
  /** Whether Pulumi refuses to delete or replace the export. */
  protect: boolean;
  /** What must be on a node before its mounts. */
  after: (node: Node) => pulumi.Resource[];
}

/**
 * The shared directory: an NFS export on this machine, its lease folder mounted on every node for good, its data
 * folder ready to be mounted by the guard of the active node and by nobody else.
 */
export class SharedStorage extends pulumi.ComponentResource {
  private readonly mounts = new Map<string, pulumi.Resource>();

  constructor(name: string, args: SharedStorageArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ha-rancher:components:SharedStorage", name, {}, opts);
    const { place } = args;
    const share = new Export(
      "export",
      {
        name: args.id,
        directory: place.nfs.directory,
        clients: args.nodes.map((node) => node.address),
        server: place.nfs.server,
        sentinel: args.sentinel,
        removeData: !place.keepData,
      },
      { parent: this, protect: args.protect },
    );
    for (const node of args.nodes) this.mounts.set(node.name, this.mountOn(node, share, args));
    this.registerOutputs({});
  }

  /** The resource after which a node has its mounts. */
  on(node: Node): pulumi.Resource[] {
    const mount = this.mounts.get(node.name);
    return mount ? [mount] : [];
  }

  private mountOn(node: Node, share: Export, { place, settings, after }: SharedStorageArgs): pulumi.Resource {
    const leaseUnit = mountUnitName(nodePaths.lease);
    const unit = (path: string, kind: "lease" | "data", where: string) => ({
      [`${nodePaths.units}/${mountUnitName(where)}`]: {
        content: renderMountUnit(guardFile(`${kind}.mount.template`), {
          what: `${place.nfs.address}:${path}/${kind}`,
          where,
        }),
      },
    });
    const units = nodeFiles(
      "mounts",
      node,
      this,
      {
        files: share.path.apply((path) => ({
          ...unit(path, "lease", nodePaths.lease),
          ...unit(path, "data", settings.dataDirectory),
        })),
        afterWrite: reloadUnits(leaseUnit),
        afterDelete: "systemctl daemon-reload",
      },
      after(node),
    );
    return nodeCommand(
      "lease-mounted",
      node,
      this,
      {
        run: startUnits("ha-rancher-identity.service", leaseUnit),
        undo: `systemctl disable --now ${leaseUnit} ha-rancher-identity.service`,
      },
      [units, share],
    );
  }
}
