import * as pulumi from "@pulumi/pulumi";
import { renderExportsFile } from "../providers/nfs/kernel-exports";
import type { Settings } from "../settings";
import { storageMachine } from "../settings/storage";
import { makeMachine } from "./machines";
import type { Node } from "./node";
import { fingerprint, nodeCommand, nodeFiles, programCommand } from "./on-node";
import type { Place } from "./place";

/** Seconds that the machine may take to install the NFS server. */
const installLimit = 900;

export interface StorageMachineArgs {
  nodes: Node[];
  settings: Settings;
  place: Place;
  /** The export's name: what its identity for NFS clients is made from. */
  id: string;
  sentinel: string;
  address: string;
  /** Whether its destruction is refused: the data is on its disk. */
  protect: boolean;
  /** The exported directory, on that machine's disk. */
  directory: string;
}

/**
 * One more machine, which serves the shared directory with its kernel's NFS server and does nothing else. No node can
 * do that: the data would be gone with the node.
 */
export class StorageMachine extends pulumi.ComponentResource {
  /** What must be there before anybody mounts the directory. */
  readonly serving: pulumi.Resource;

  constructor(name: string, args: StorageMachineArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ha-rancher:components:StorageMachine", name, {}, opts);
    const { settings, place, directory } = args;
    // It never holds the VIP: the priority is nobody's.
    const self = { name: storageMachine, address: args.address, priority: 0 };
    const machine = makeMachine(self, settings, place, { parent: this, protect: args.protect });
    const ready = nodeCommand("ready", machine, this, {
      ...programCommand("storage/serve", [directory, args.sentinel]),
      limit: installLimit,
    });
    const { leaseTime, graceTime } = settings.guard;
    const times = `# Made by ha-rancher; changes are overwritten.\n[nfsd]\nlease-time=${leaseTime}\ngrace-time=${graceTime}\n`;
    const configured = nodeFiles(
      "nfs-conf",
      machine,
      this,
      { files: { "/etc/nfs.conf.d/ha-rancher.conf": { content: times } } },
      [ready],
    );
    const clients = args.nodes.map((node) => node.address).sort();
    const exported = nodeFiles(
      "exports",
      machine,
      this,
      {
        files: {
          "/etc/exports.d/ha-rancher.exports": {
            content: renderExportsFile({ name: args.id, directory, clients }),
          },
        },
        afterWrite: "exportfs -ra",
      },
      [ready],
    );
    this.serving = nodeCommand(
      "serving",
      machine,
      this,
      {
        // The kernel takes the times when its server starts, and not before.
        run: "sh -c 'systemctl enable nfs-server && systemctl restart nfs-server'",
        changes: fingerprint(times),
      },
      [configured, exported],
    );
    this.registerOutputs({});
  }
}
