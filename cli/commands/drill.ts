import type { DrillOptions } from "../actions/drill";
import { onNodes } from "../on-nodes";
import { type CommandBuilder, collect, stackCommand, whole } from "./command";

export const drillCommand: CommandBuilder = (line) =>
  stackCommand("drill", "break a stack that is up, measure what that costs, and write a report")
    .option("-f, --fault <name>", "only this one; may be given more than once", collect)
    .option("--quick", "only the few faults that say most")
    .option("-n, --trials <number>", "trials of each fault", whole, 3)
    .option("--random <minutes>", "random faults for so long; alone, or after those of --fault", whole)
    .option("--seed <number>", "gives the same order again", whole)
    .option("-r, --report <folder>", "where the report goes")
    .option("--continue", "continue the report in --report: its trials count, and missing ones are done")
    .option("--json", "print the report for programs, too")
    .option(
      "--yes-break <host>",
      "a host that may be reset, though it may stay off until somebody turns it on; may be given more than once",
      collect,
    )
    .option("--compare <files...>", "what got better or worse between two reports; breaks nothing")
    .option("--rewrite <folder>", "write the report in this folder again from its trials; breaks nothing")
    .action(async (options: DrillOptions) => {
      const { checkOptions, compareReports, drillStack, rewriteReport } = await import("../actions/drill.js");
      if (options.compare) {
        process.exitCode = await compareReports(options.compare, options.json === true);
        return;
      }
      if (options.rewrite !== undefined) return await rewriteReport(options.rewrite);
      checkOptions(options);
      await onNodes(line, options.stack, (reached) => drillStack(reached, options));
    });
