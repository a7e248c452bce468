import type * as pulumi from "@pulumi/pulumi";
import { shellQuote } from "../domain/shell-quote";
import { fillUnit } from "../domain/units";
import { nodeFile } from "../providers/remote/script";
import { Component } from "./component";
import type { Node } from "./node";
import {
  lookAtUnits,
  type NodeDependencies,
  nodeCommand,
  nodeFiles,
  nodePaths,
  readingUnits,
  reloadUnits,
} from "./on-node";

/** When backups are made, and where they are kept. */
export interface BackupPlan {
  /** As systemd timers have it: `daily`, or `*-*-* 03:00:00`. */
  schedule: string;
  /** How many stay in the folder, the newest ones. */
  keep: number;
  /** The nodes' folder, an absolute path outside of the data: a mount that all of them have outlives each of them. */
  directory: string;
}

export interface BackupsArgs extends BackupPlan {
  nodes: Node[];
  /** What must be on a node before a backup can be made there: the programs of this project. */
  after: NodeDependencies;
}

/** When snapshots are taken of the datastore, which the NFS server clones at no cost. */
export interface SnapshotPlan {
  /** As systemd timers have it: `hourly`, or `*-*-* *:00/15:00`. */
  schedule: string;
  /** How many of them stay, the newest ones. */
  keep: number;
}

export interface SnapshotsArgs extends SnapshotPlan {
  nodes: Node[];
  /** What must be on a node before a snapshot can be taken there: the programs of this project. */
  after: NodeDependencies;
}

/** A service and its timer by name: every node has them, and only the one that serves does something. */
function unitsOf(what: "backup" | "snapshot", values: Record<string, string>): Record<string, string> {
  const names = [`ha-rancher-${what}.service`, `ha-rancher-${what}.timer`];
  return Object.fromEntries(
    names.map((name) => [name, fillUnit(nodeFile(`units/${name}.template`), values)]),
  );
}

export const backupUnits = ({ schedule, keep, directory }: BackupPlan): Record<string, string> =>
  unitsOf("backup", { SCHEDULE: schedule, KEEP: String(keep), DIRECTORY: directory });

export const snapshotUnits = ({ schedule, keep }: SnapshotPlan): Record<string, string> =>
  unitsOf("snapshot", { SCHEDULE: schedule, KEEP: String(keep) });

function installTimer(
  component: Component,
  node: Node,
  what: "backup" | "snapshot",
  schedule: string,
  units: Record<string, string>,
  after: NodeDependencies,
): void {
  const timer = `ha-rancher-${what}.timer`;
  const files = nodeFiles(
    `${what}-units`,
    node,
    component,
    {
      files: Object.fromEntries(
        Object.entries(units).map(([unit, content]) => [`${nodePaths.units}/${unit}`, { content }]),
      ),
      afterWrite: reloadUnits(timer),
    },
    after(node),
  );
  const start = `systemd-analyze calendar ${shellQuote(schedule)} >&2 && { ${readingUnits(`systemctl enable ${timer}`)}; } && systemctl restart ${timer}`;
  nodeCommand(
    `${what}-timer`,
    node,
    component,
    {
      run: `sh -c ${shellQuote(start)}`,
      look: lookAtUnits(timer),
      undo: `sh -c ${shellQuote(readingUnits(`systemctl disable --now ${timer}`))}`,
      changes: Object.values(units).join(""),
    },
    [files],
  );
}

/** Scheduled backups: the node that serves makes them on its own disk. */
export class Backups extends Component {
  constructor(name: string, args: BackupsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("Backups", name, {}, opts);
    for (const node of args.nodes)
      installTimer(this, node, "backup", args.schedule, backupUnits(args), args.after);
    this.registerOutputs({});
  }
}

/** Scheduled snapshots: the node that serves takes them in the shared data, while the service runs. */
export class Snapshots extends Component {
  constructor(name: string, args: SnapshotsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("Snapshots", name, {}, opts);
    for (const node of args.nodes)
      installTimer(this, node, "snapshot", args.schedule, snapshotUnits(args), args.after);
    this.registerOutputs({});
  }
}
