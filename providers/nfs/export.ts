import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../dynamic-resource";
import { shim } from "../shim";
import type { ExportServer } from "./export-provider";

/** What {@link Export} takes. */
export interface ExportArgs {
  /** Unique among all exports of this machine, such as `ha-rancher-dev`. A change replaces the export. */
  name: string;
  /**
   * Absolute path on this machine. It is made with its folders `data` and `lease` if they are missing. A change
   * replaces the export; the data does not move.
   */
  directory: string;
  /** IPv4 addresses of the nodes; no other client has access. Order and duplicates do not matter. */
  clients: pulumi.Input<pulumi.Input<string>[]>;
  /** The server of the export. */
  server: ExportServer;
  /** The first line of `data/.ha-rancher-sentinel`, by which a node recognizes the mounted data. */
  sentinel: pulumi.Input<string>;
  /** Whether the directory with all data is deleted when the export is destroyed; default false. */
  removeData?: pulumi.Input<boolean>;
}

const provider = shim("ha-rancher/providers/nfs", "nfsExport");

/** An NFS export of this machine that belongs to the stack. No other export is touched. */
export class Export extends DynamicResource {
  static readonly __pulumiType = "pulumi-nodejs:dynamic/nfs:Export";

  declare readonly name: pulumi.Output<string>;
  declare readonly directory: pulumi.Output<string>;
  declare readonly clients: pulumi.Output<string[]>;
  /** What nodes mount, as `ADDRESS:path`; the folders `data` and `lease` are below it. */
  declare readonly path: pulumi.Output<string>;
  /** The server's number for the export; 0 for the kernel's, which has none. */
  declare readonly exportId: pulumi.Output<number>;

  constructor(name: string, args: ExportArgs, opts?: pulumi.CustomResourceOptions) {
    super(provider, name, { ...args, path: undefined, exportId: undefined }, opts, "nfs", "Export");
  }
}
