import type { FailuresOptions } from "../actions/failures";
import { onNodes } from "../on-nodes";
import { type CommandBuilder, withExamples, workCommand } from "./command";

export const failuresCommand: CommandBuilder = (line) =>
  withExamples(
    workCommand("failures", "show how often the service failed on each node, and why")
      .option("--clear", "forget them: a node that refuses the VIP for them may have it at once")
      .option("--json", "for programs")
      .action(async (options: FailuresOptions) => {
        const { failures } = await import("../actions/failures.js");
        const work = options.clear ? { work: "failures", wait: options.wait } : {};
        await onNodes(line, options.stack, ({ known }) => failures(known, options), work);
      }),
    ["failures", "how often, and why"],
    ["failures --clear", "forget them"],
  );
