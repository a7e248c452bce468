import type { RestoreOptions } from "../actions/restore";
import { onNodes } from "../on-nodes";
import { type CommandBuilder, stackCommand } from "./command";

export const restoreCommand: CommandBuilder = (line) =>
  stackCommand("restore", "bring the data of a backup back, in place of what is there")
    .argument("<file>", "what `backup` wrote")
    .option("--yes", "do not ask; without a terminal it is needed")
    .action(async (file: string, options: Omit<RestoreOptions, "file">) => {
      const { restore } = await import("../actions/restore.js");
      await onNodes(line, options.stack, ({ known }) => restore(known, { ...options, file }));
    });
