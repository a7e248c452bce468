import { z } from "zod";
import { directory, settingsByName, whole } from "./values";

/** What systemd.time(7) calls a calendar event; whether it is one, the nodes' systemd says. */
const calendar = /^[A-Za-z0-9*][A-Za-z0-9*:.,/~ _+-]*$/;

const backup = z.strictObject(
  {
    schedule: z
      .string({ error: "must be a text, such as daily" })
      .regex(calendar, {
        error: "must be a time as systemd timers have it, such as daily or `*-*-* 03:00:00`",
      })
      .optional()
      .describe(
        "When the active node makes a backup on its own disk, as systemd timers have it; default: never",
      ),
    keep: whole(1, 10_000)
      .default(7)
      .describe("How many backups stay in a folder, the newest ones; on the nodes and here"),
    directory: directory
      .default("/var/backups/ha-rancher")
      .describe(
        "The nodes' folder for scheduled backups: a mount that all of them have outlives each of them",
      ),
  },
  { error: settingsByName },
);

/** Settings of backups. */
export const backupShape = {
  backup: backup.default(backup.parse({})).describe("Backups of Rancher's data: docs/rancher.md"),
};

/** Settings of this file that are given as JSON where everything is text. */
export const backupStructured: Record<string, string> = { backup: "settings by name" };

/** Mistakes of backups that lie between settings. */
export function backupMistakes(given: { backup: { directory: string }; dataDirectory: string }): string[] {
  const { backup, dataDirectory } = given;
  return `${backup.directory}/`.startsWith(`${dataDirectory}/`)
    ? [
        `\`backup.directory\` (${backup.directory}) must not be in \`dataDirectory\` (${dataDirectory}): a backup must outlive the data`,
      ]
    : [];
}
