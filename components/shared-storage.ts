import * as pulumi from "@pulumi/pulumi";
import { mountUnitName, renderMountUnit } from "../domain/units";
import { Export, type ExportArgs } from "../providers/nfs";
import { imagePoint } from "../providers/nfs/images";
import { nodeFile } from "../providers/remote/script";
import { Component } from "./component";
import type { MachineTemplate } from "./machines";
import type { Node } from "./node";
import {
  type Dependencies,
  type NodeDependencies,
  nodeCommand,
  nodeFiles,
  nodePaths,
  programCommand,
  readingUnits,
  reloadUnits,
} from "./on-node";
import { StorageMachine } from "./storage-machine";

/** Who serves the shared directory. Plain but for addresses: it decides which resources there are. */
export type StorageSource = {
  /** IPv4 address that the nodes mount from. */
  address: pulumi.Input<string>;
} & (
  | {
      /** This machine. */
      kind: "host";
      /** Absolute path on it; of an image any text, since its place follows from `id`. */
      directory: string;
      /** Default: the kernel's NFS server. */
      server?: ExportArgs["server"];
      /** Whether the data outlives the export; default true. */
      keepData?: boolean;
    }
  | {
      /** One more machine, which gets the address. */
      kind: "machine";
      /** Absolute path on it, where an image is mounted that is a file system of its own. */
      directory: string;
      /** Of the image, default 5; more of them let it grow while it is used. */
      gibibytes?: number;
      /** The machine's name; default `storage`. No node has it. */
      machineName?: string;
      template: MachineTemplate;
      /** Whether it cuts a node off when the next owner asks: docs/storage-fencing.md. Default false. */
      fences?: boolean;
    }
  | {
      /** A server that is there, which exports the path to the nodes. Nothing on it is ever deleted. */
      kind: "server";
      path: string;
    }
);

/** What {@link SharedStorage} takes. */
export interface SharedStorageArgs {
  nodes: Node[];
  source: StorageSource;
  /** Where the active node has the shared data mounted: an absolute path. */
  dataDirectory: string;
  /** Default 4.2. 3 has no leases, so that a weaker rule applies: docs/one-writer.md. */
  nfsVersion?: "4.2" | "3";
  /** The export's name: unique among all that this machine exports. A change replaces the export. */
  id: string;
  /** The first line of `.ha-rancher-sentinel` in the data, which tells the right data from any other. */
  sentinel: string;
  /**
   * Seconds: `watchdog`, without a heartbeat for so long an owner is silent; `leaseTime`, the server keeps a silent
   * client's locks; `graceTime`, it gives no new ones after its restart.
   */
  times: StorageTimes;
  /** Whether Pulumi refuses to delete or replace what holds the data; default false. */
  protect?: boolean;
  /** What must be on a node before its mounts: NFS's client, the mount points. */
  after: NodeDependencies;
  /** What nodes that leave must have done before they lose their access; default: nothing. */
  beforeLeave?: Dependencies;
}

/** Timers that the server and the owners of the lease share, seconds. */
export interface StorageTimes {
  watchdog: number;
  leaseTime: number;
  graceTime: number;
}

/** What nodes mount: `ADDRESS:path`, with the folders `lease` and `data` below it. */
interface Share {
  path: pulumi.Input<string>;
  /** What must be there before a node mounts it. */
  ready: NodeDependencies;
}

/**
 * The shared directory, wherever it is served: its lease folder mounted on every node for good, its data folder ready
 * to be mounted by the agent of the active node and by nobody else.
 */
export class SharedStorage extends Component {
  private readonly mounts: Map<Node, pulumi.Resource>;

  constructor(name: string, args: SharedStorageArgs, opts?: pulumi.ComponentResourceOptions) {
    super("SharedStorage", name, {}, opts);
    if (args.nfsVersion === "3")
      void pulumi.log.warn(
        "`nfsVersion` is 3, which has no leases: that only one node writes then stands on the nodes' clocks alone, and writes of a node that was cut off may arrive late. See docs/one-writer.md, and use 4.2 where you can",
        this,
      );
    const share = this.shareOf(args);
    this.mounts = new Map(args.nodes.map((node) => [node, this.mountOn(node, share, args)]));
    this.registerOutputs({});
  }

  /** After this a node has the lease folder mounted, and can mount the data. */
  mounted(node: Node): Dependencies {
    const mount = this.mounts.get(node);
    if (!mount) throw new pulumi.ResourceError(`it has no node ${node.name}: give it in \`nodes\``, this);
    return [mount];
  }

  private shareOf(args: SharedStorageArgs): Share {
    const { nodes, source, id, sentinel, times, protect = false, beforeLeave = [] } = args;
    switch (source.kind) {
      case "host": {
        const directory = source.server?.kind === "image" ? imagePoint(id) : source.directory;
        const share = new Export(
          this.childName("export"),
          {
            name: id,
            directory,
            clients: nodes.map((node) => node.address),
            server: source.server ?? { kind: "kernel" },
            sentinel,
            removeData: source.keepData === false,
          },
          { ...this.childOptions("export"), protect, dependsOn: beforeLeave },
        );
        return { path: share.path, ready: () => [share] };
      }
      case "machine": {
        const { kind, machineName = "storage", ...served } = source;
        const machine = new StorageMachine(
          this.childName(kind),
          { nodes, id, sentinel, protect, machineName, beforeLeave, ...served, ...times },
          this.childOptions("storage-machine"),
        );
        return { path: source.directory, ready: () => machine.serving() };
      }
      case "server":
        return { path: source.path, ready: (node) => [this.claimFor(node, source, args)] };
    }
  }

  /** Looks at the user's server from a node, before anything depends on it. */
  private claimFor(
    node: Node,
    { address, path }: { address: pulumi.Input<string>; path: string },
    { nfsVersion = "4.2", times, sentinel, after }: SharedStorageArgs,
  ): pulumi.Resource {
    const claim = (server: string) =>
      programCommand("storage/claim", [server, path, nfsVersion, String(times.watchdog), sentinel]);
    const run = pulumi.output(address).apply((server) => claim(server).run);
    return nodeCommand("storage-claimed", node, this, { ...claim(""), run }, after(node));
  }

  private mountOn(node: Node, share: Share, args: SharedStorageArgs): pulumi.Resource {
    const { source, dataDirectory, nfsVersion = "4.2", after } = args;
    const leaseUnit = mountUnitName(nodePaths.lease);
    const whole = pulumi.interpolate`${source.address}:${share.path}`;
    const unit = (what: string, kind: "lease" | "data", where: string) => ({
      [`${nodePaths.units}/${mountUnitName(where)}`]: {
        content: renderMountUnit(nodeFile(`units/${kind}.mount.template`), {
          ...{ what: `${what}/${kind}`, where, version: nfsVersion },
        }),
      },
    });
    const units = nodeFiles(
      "mounts",
      node,
      this,
      {
        files: whole.apply((what) => ({
          ...unit(what, "lease", nodePaths.lease),
          ...unit(what, "data", dataDirectory),
        })),
        afterWrite: reloadUnits(leaseUnit),
        afterDelete: readingUnits("systemctl daemon-reload"),
      },
      after(node),
    );
    const type = nfsVersion === "3" ? "nfs" : "nfs4";
    const mount = (what: string) =>
      programCommand("storage/mount-lease", [leaseUnit, nodePaths.lease, `${what}/lease`, type]);
    return nodeCommand(
      "lease-mounted",
      node,
      this,
      {
        ...mount(""),
        run: whole.apply((what) => mount(what).run),
        look: whole.apply((what) => `${mount(what).run} look`),
        undo: `systemctl disable --now ${leaseUnit} ha-rancher-nfs-identity.service`,
      },
      [units, ...share.ready(node)],
    );
  }
}
