import { z } from "zod";
import { mistake } from "../domain/mistake";
import { directory, group, type Rule, setting, whole } from "./values";

/** What systemd.time(7) calls a calendar event; whether it is one, the nodes' systemd says. */
const calendar = /^[A-Za-z0-9*][A-Za-z0-9*:.,/~ _+-]*$/;

const schedule = z
  .string({ error: "must be a text, such as daily" })
  .regex(calendar, {
    error: "must be a time as systemd timers have it, such as daily or `*-*-* 03:00:00`",
  })
  .optional();

const backup = group({
  schedule: setting(
    schedule,
    "When the active node makes a backup on its own disk, as systemd timers have it",
    "never",
  ),
  keep: setting(
    whole(1, 10_000).default(7),
    "How many backups stay in a folder, the newest ones; on the nodes and here",
  ),
  directory: setting(
    directory.default("/var/backups/ha-rancher"),
    "The nodes' folder for scheduled backups: a mount that all of them have outlives each of them",
  ),
});

const snapshots = group({
  schedule: setting(
    schedule,
    "When the active node takes a snapshot of the datastore, as systemd timers have it; the NFS server must be able to clone files, as the stack's own can",
    "never",
  ),
  keep: setting(whole(1, 10_000).default(24), "How many scheduled snapshots stay, the newest ones"),
});

/** Settings of backups and snapshots. */
export const backupShape = {
  backup: setting(
    backup.default(backup.parse({})),
    "Backups of the shared data, by `schedule`, `keep` and `directory`: workloads/rancher/README.md",
    "`keep: 7`, no schedule",
  ),
  snapshots: setting(
    snapshots.default(snapshots.parse({})),
    "Snapshots of the datastore while the service runs, by `schedule` and `keep`: docs/snapshots.md",
    "`keep: 24`, no schedule",
  ),
};

/** What backups must keep to. */
export const backupRules: Rule<{ backup: { directory: string }; dataDirectory: string }>[] = [
  {
    of: ["backup.directory", "dataDirectory"],
    check: ({ backup, dataDirectory }) =>
      `${backup.directory}/`.startsWith(`${dataDirectory}/`)
        ? [
            mistake(
              "backup.directory",
              `(${backup.directory}) must not be in \`dataDirectory\` (${dataDirectory})`,
              "a backup must outlive the data",
            ),
          ]
        : [],
  },
];
