import type { StatusOptions } from "../actions/status";
import { onNodes } from "../on-nodes";
import { type CommandBuilder, stackCommand, whole, withExamples } from "./command";

export const statusCommand: CommandBuilder = (line) =>
  withExamples(
    stackCommand(
      "status",
      "show who holds the VIP and runs the service, measured now; exit code 0: all is well, 2: it serves without a standby, 1: else",
    )
      .option("--json", "for programs")
      .option("-w, --watch", "look again every second, until Ctrl-C")
      .option("--within <seconds>", "look again until all is well, as long as waiting may help", whole)
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
