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

const timer = "ha-rancher-backup.timer";

/** The units by name: every node has them, and only the one that serves does something. */
export function backupUnits({ schedule, keep, directory }: BackupPlan): Record<string, string> {
  const values = { SCHEDULE: schedule, KEEP: String(keep), DIRECTORY: directory };
  const unit = (name: string): string => fillUnit(nodeFile(`units/${name}.template`), values);
  return Object.fromEntries(["ha-rancher-backup.service", timer].map((name) => [name, unit(name)]));
}

/** Scheduled backups: the node that serves makes them on its own disk. */
export class Backups extends Component {
  constructor(name: string, args: BackupsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("Backups", name, {}, opts);
    for (const node of args.nodes) this.installOn(node, args);
    this.registerOutputs({});
  }

  private installOn(node: Node, { after, ...plan }: BackupsArgs): void {
    const { schedule } = plan;
    const units = backupUnits(plan);
    const files = nodeFiles(
      "backup-units",
      node,
      this,
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
      "backup-timer",
      node,
      this,
      {
        run: `sh -c ${shellQuote(start)}`,
        look: lookAtUnits(timer),
        undo: `sh -c ${shellQuote(readingUnits(`systemctl disable --now ${timer}`))}`,
        changes: Object.values(units).join(""),
      },
      [files],
    );
  }
}
