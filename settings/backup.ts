import { z } from "zod";
import { mistake } from "../domain/mistake";
import { directory, group, type Rule, setting, whole } from "./values";

/** What systemd.time(7) calls a calendar event; whether it is one, the nodes' systemd says. */
const calendar = /^[A-Za-z0-9*][A-Za-z0-9*:.,/~ _+-]*$/;

const backup = group({
  schedule: setting(
    z
      .string({ error: "must be a text, such as daily" })
      .regex(calendar, {
        error: "must be a time as systemd timers have it, such as daily or `*-*-* 03:00:00`",
      })
      .optional(),
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

/** Settings of backups. */
export const backupShape = {
  backup: setting(
    backup.default(backup.parse({})),
    "Backups of the shared data, by `schedule`, `keep` and `directory`: workloads/rancher/README.md",
    "`keep: 7`, no schedule",
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
