import type { StatusOptions } from "../actions/status";
import { onNodes } from "../on-nodes";
import { type CommandBuilder, stackCommand, withExamples } from "./command";

export const statusCommand: CommandBuilder = (line) =>
  withExamples(
    stackCommand(
      "status",
      "show who holds the VIP and runs Rancher, measured now; exit code 0 if all is well, 1 if not",
    )
      .option("--json", "for programs")
      .option("-w, --watch", "look again every second, until Ctrl-C")
      .action(async (options: StatusOptions) => {
        const { status, statusUnreached } = await import("../actions/status.js");
        await onNodes(line, options.stack, ({ known }) => status(known, options), {
          unreached: (_, why) => statusUnreached(why, options),
          tells: true,
        });
      }),
    ["status", "who has the VIP, who serves"],
    ["status --watch", "each second, with what happens"],
    ["status --json", "for programs"],
  );
