import type { RestoreOptions } from "../actions/restore";
import { onNodes } from "../on-nodes";
import { type CommandBuilder, withExamples, workCommand } from "./command";

export const restoreCommand: CommandBuilder = (line) =>
  withExamples(
    workCommand("restore", "replace the service's data with that of a backup")
      .argument("<file>", "an archive that `backup` wrote")
      .option("--yes", "do not ask; required without a terminal")
      .action(async (file: string, options: Omit<RestoreOptions, "file">) => {
        const { restore } = await import("../actions/restore.js");
        await onNodes(line, options.stack, ({ known }) => restore(known, { ...options, file }), {
          work: "restore",
          wait: options.wait,
        });
      }),
    ["restore rancher-20261130T020000Z.tar", "asks first"],
  );
