import type { FailuresOptions } from "../actions/failures";
import { onNodes } from "../on-nodes";
import { type CommandBuilder, stackCommand, withExamples } from "./command";

export const failuresCommand: CommandBuilder = (line) =>
  withExamples(
    stackCommand("failures", "show how often the service failed on each node, and why")
      .option("--clear", "forget them: a node that refuses the VIP for them may have it at once")
      .option("--json", "for programs")
      .action(async (options: FailuresOptions) => {
        const { failures } = await import("../actions/failures.js");
        await onNodes(line, options.stack, ({ known }) => failures(known, options));
      }),
    ["failures", "how often, and why"],
    ["failures --clear", "forget them"],
  );
