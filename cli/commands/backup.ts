import type { BackupOptions } from "../actions/backup";
import { onNodes } from "../on-nodes";
import { type CommandBuilder, stackCommand } from "./command";

export const backupCommand: CommandBuilder = (line) =>
  stackCommand("backup", "make a backup of the service's data, for which it stops for a moment")
    .option("--to <path>", "a file to write, or a folder; default: a folder of the stack's own")
    .action(async (options: BackupOptions) => {
      const { backup } = await import("../actions/backup.js");
      await onNodes(line, options.stack, ({ known }) => backup(known, options));
    });
