import * as pulumi from "@pulumi/pulumi";
import { renderExportsFile } from "../providers/nfs/kernel-exports";
import { Component } from "./component";
import { type MachineTemplate, makeMachine } from "./machines";
import type { Node } from "./node";
import {
  type Dependencies,
  fingerprint,
  type NodeFilesArgs,
  nodeCommand,
  nodeFiles,
  programCommand,
} from "./on-node";
import { fencerFiles, runFencer } from "./storage-fencing";

/** Seconds that the machine may take to install the NFS server. */
const installLimit = 900;

export interface StorageMachineArgs {
  /** Who may mount: nobody else is let in. */
  nodes: Node[];
  /** The machine's name; no node has it. */
  machineName: string;
  /** IPv4 address on the nodes' network, without prefix. */
  address: pulumi.Input<string>;
  /** What it is made of. */
  template: MachineTemplate;
  /** The exported directory: an absolute path. On it an image of that machine's disk is mounted, a file system of its own. */
  directory: string;
  /** Of the image, default 5; more of them let it grow while it is used. It never shrinks. */
  gibibytes?: number;
  /** The export's name: what its identity for NFS clients is made from. */
  id: string;
  /** The first line of `.ha-rancher-sentinel` in the shared data, which tells it from any other. */
  sentinel: string;
  /** Seconds that a silent client keeps its locks, and that nobody gets a new one after the server's restart. */
  leaseTime: number;
  graceTime: number;
  /** Whether it cuts a node off when the next owner asks: docs/storage-fencing.md. Default false. */
  fences?: boolean | undefined;
  /** Whether its destruction is refused: the data is on its disk. Default false. */
  protect?: boolean;
  /** What nodes that leave must have done before they lose their access; default: nothing. */
  beforeLeave?: Dependencies;
}

/**
 * One more machine, which serves the shared directory with its kernel's NFS server and does nothing else. No node can
 * do that: the data would be gone with the node.
 */
export class StorageMachine extends Component {
  private readonly started: pulumi.Resource;

  constructor(name: string, args: StorageMachineArgs, opts?: pulumi.ComponentResourceOptions) {
    super("StorageMachine", name, {}, opts);
    const { directory, gibibytes = 5, leaseTime, graceTime, protect = false } = args;
    // It never holds the VIP: the priority is nobody's.
    const self = { name: args.machineName, address: args.address, priority: 0 };
    const machine = makeMachine(self, args.template, this, { protect });
    const ready = nodeCommand("ready", machine, this, {
      ...programCommand("storage/serve", [directory, args.sentinel, String(gibibytes)]),
      limit: installLimit,
      look: programCommand("storage/serve", [directory, args.sentinel, "look"]).run,
    });
    const times = `# Made by ha-rancher; changes are overwritten.\n[nfsd]\nlease-time=${leaseTime}\ngrace-time=${graceTime}\n`;
    const configured = nodeFiles(
      "nfs-conf",
      machine,
      this,
      { files: { "/etc/nfs.conf.d/ha-rancher.conf": { content: times } } },
      [ready],
    );
    const served = args.fences ? `${directory}/lease` : directory;
    const exports = args.fences ? fencerFiles(args.id, directory, args.nodes) : exportFiles(args);
    const exported = nodeFiles("exports", machine, this, exports, [ready, ...(args.beforeLeave ?? [])]);
    const started = nodeCommand(
      "serving",
      machine,
      this,
      {
        // The kernel takes the times when its server starts, and not before.
        run: "sh -c 'systemctl enable nfs-server && systemctl restart nfs-server'",
        changes: fingerprint(times),
        look: programCommand("storage/serve", [served, args.sentinel, "look-served"]).run,
      },
      [configured, exported],
    );
    this.started = args.fences ? runFencer(machine, this, [started]) : started;
    this.registerOutputs({});
  }

  /** After this the directory can be mounted. */
  serving(): Dependencies {
    return [this.started];
  }
}

/** The whole directory, to all nodes. */
function exportFiles({ id, directory, nodes }: StorageMachineArgs): NodeFilesArgs {
  const clients = pulumi.all(nodes.map((node) => node.address));
  return {
    files: {
      "/etc/exports.d/ha-rancher.exports": {
        content: clients.apply((all) => renderExportsFile({ name: id, directory, clients: all.sort() })),
      },
    },
    afterWrite: "exportfs -ra",
  };
}
