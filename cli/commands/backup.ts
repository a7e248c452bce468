import type { BackupOptions } from "../actions/backup";
import { onNodes } from "../on-nodes";
import { type CommandBuilder, withExamples, workCommand } from "./command";

export const backupCommand: CommandBuilder = (line) =>
  withExamples(
    workCommand(
      "backup",
      "make a backup of the service's data; the service stops for a moment, unless it has `container.backup`",
    )
      .option("--to <path>", "a file to write, or a folder; default: the stack's folder for backups")
      .action(async (options: BackupOptions) => {
        const { backup } = await import("../actions/backup.js");
        await onNodes(line, options.stack, ({ known }) => backup(known, options), {
          work: "backup",
          wait: options.wait,
        });
      }),
    ["backup", "into the stack's folder for backups"],
    ["backup --to /mnt/usb/", "into another one"],
  );
