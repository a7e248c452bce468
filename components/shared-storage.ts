import * as pulumi from "@pulumi/pulumi";
import { mountUnitName, renderMountUnit } from "../domain/guard-conf";
import { Export } from "../providers/nfs";
import { nodeFile } from "../providers/remote/script";
import type { Settings } from "../settings";
import type { Node } from "./node";
import { nodeCommand, nodeFiles, nodePaths, programCommand, readingUnits, reloadUnits } from "./on-node";
import type { Place } from "./place";
import { StorageMachine } from "./storage-machine";

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

/** What nodes mount: `ADDRESS:path`, with the folders `lease` and `data` below it. */
interface Share {
  path: pulumi.Input<string>;
  /** What must be there before a node mounts it. */
  ready: (node: Node) => pulumi.Resource[];
}

/**
 * The shared directory, wherever it is served: its lease folder mounted on every node for good, its data folder ready
 * to be mounted by the guard of the active node and by nobody else.
 */
export class SharedStorage extends pulumi.ComponentResource {
  private readonly mounts = new Map<string, pulumi.Resource>();

  constructor(name: string, args: SharedStorageArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ha-rancher:components:SharedStorage", name, {}, opts);
    if (args.settings.nfsVersion === "3")
      void pulumi.log.warn(
        "`nfsVersion` is 3, which has no leases: that only one node writes then stands on the nodes' clocks alone, and writes of a node that was cut off may arrive late. See docs/one-writer.md, and use 4.2 where you can",
        this,
      );
    const share = this.shareOf(args);
    for (const node of args.nodes) this.mounts.set(node.name, this.mountOn(node, share, args));
    this.registerOutputs({});
  }

  /** The resource after which a node has its mounts. */
  on(node: Node): pulumi.Resource[] {
    const mount = this.mounts.get(node.name);
    return mount ? [mount] : [];
  }

  private shareOf(args: SharedStorageArgs): Share {
    const { nodes, place, id, sentinel } = args;
    const { storage } = place;
    switch (storage.kind) {
      case "host": {
        const share = new Export(
          "export",
          {
            name: id,
            directory: storage.directory,
            clients: nodes.map((node) => node.address),
            server: storage.server,
            sentinel,
            removeData: !storage.keepData,
          },
          { parent: this, protect: args.protect },
        );
        return { path: share.path, ready: () => [share] };
      }
      case "machine": {
        const { serving } = new StorageMachine("storage-machine", { ...args, ...storage }, { parent: this });
        return { path: storage.directory, ready: () => [serving] };
      }
      case "server":
        return { path: storage.path, ready: (node) => [this.claimFor(node, storage, args)] };
    }
  }

  /** Looks at the user's server from a node, before anything depends on it. */
  private claimFor(
    node: Node,
    { address, path }: { address: string; path: string },
    { settings, sentinel, after }: SharedStorageArgs,
  ): pulumi.Resource {
    const words = [address, path, settings.nfsVersion, String(settings.guard.watchdog), sentinel];
    return nodeCommand("storage-claimed", node, this, programCommand("storage/claim", words), after(node));
  }

  private mountOn(node: Node, share: Share, { place, settings, after }: SharedStorageArgs): pulumi.Resource {
    const leaseUnit = mountUnitName(nodePaths.lease);
    const source = (path: string, kind: "lease" | "data"): string =>
      `${place.storage.address}:${path}/${kind}`;
    const unit = (path: string, kind: "lease" | "data", where: string) => ({
      [`${nodePaths.units}/${mountUnitName(where)}`]: {
        content: renderMountUnit(nodeFile(`units/${kind}.mount.template`), {
          what: source(path, kind),
          where,
          version: settings.nfsVersion,
        }),
      },
    });
    const path = pulumi.output(share.path);
    const units = nodeFiles(
      "mounts",
      node,
      this,
      {
        files: path.apply((path) => ({
          ...unit(path, "lease", nodePaths.lease),
          ...unit(path, "data", settings.dataDirectory),
        })),
        afterWrite: reloadUnits(leaseUnit),
        afterDelete: readingUnits("systemctl daemon-reload"),
      },
      after(node),
    );
    const type = settings.nfsVersion === "3" ? "nfs" : "nfs4";
    const mount = (path: string) =>
      programCommand("storage/mount-lease", [leaseUnit, nodePaths.lease, source(path, "lease"), type]);
    return nodeCommand(
      "lease-mounted",
      node,
      this,
      {
        run: path.apply((path) => mount(path).run),
        changes: mount("").changes,
        undo: `systemctl disable --now ${leaseUnit} ha-rancher-identity.service`,
      },
      [units, ...share.ready(node)],
    );
  }
}
