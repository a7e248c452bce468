import * as pulumi from "@pulumi/pulumi";
import { fillTemplate, unitValue } from "../domain/guard-conf";
import { shellQuote } from "../providers/remote/quote";
import { nodeFile } from "../providers/remote/script";
import type { Settings } from "../settings";
import type { Node } from "./node";
import { nodeCommand, nodeFiles, nodePaths, readingUnits, reloadUnits } from "./on-node";

export interface BackupsArgs {
  nodes: Node[];
  settings: Settings;
  /** As systemd timers have it. */
  schedule: string;
  /** What must be on a node before a backup can be made there. */
  after: (node: Node) => pulumi.Resource[];
}

const timer = "ha-rancher-backup.timer";

/** The units by name: every node has them, and only the one that serves does something. */
export function backupUnits({ schedule = "", keep, directory }: Settings["backup"]): Record<string, string> {
  const values = { SCHEDULE: unitValue(schedule), KEEP: String(keep), DIRECTORY: unitValue(directory) };
  const unit = (name: string): string => fillTemplate(nodeFile(`units/${name}.template`), values);
  return Object.fromEntries(["ha-rancher-backup.service", timer].map((name) => [name, unit(name)]));
}

/** Scheduled backups. */
export class Backups extends pulumi.ComponentResource {
  constructor(name: string, args: BackupsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ha-rancher:components:Backups", name, {}, opts);
    for (const node of args.nodes) this.installOn(node, args);
    this.registerOutputs({});
  }

  private installOn(node: Node, { settings, schedule, after }: BackupsArgs): void {
    const units = backupUnits(settings.backup);
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
        undo: `sh -c ${shellQuote(readingUnits(`systemctl disable --now ${timer}`))}`,
        changes: Object.values(units).join(""),
      },
      [files],
    );
  }
}
