import type { DrillOptions } from "../actions/drill";
import { onNodes } from "../on-nodes";
import { type CommandBuilder, collect, stackCommand, whole } from "./command";

export const drillCommand: CommandBuilder = (line) =>
  stackCommand("drill", "break a stack that is up, measure what that costs, and write a report")
    .option("-f, --fault <name>", "only this one; may be given more than once", collect)
    .option("--quick", "only the few faults that say most")
    .option("-n, --trials <number>", "of each fault", whole, 3)
    .option("--nemesis <minutes>", "faults at random for so long; alone, or after those of --fault", whole)
    .option("--seed <number>", "draws the same order again", whole)
    .option("-r, --report <folder>", "where the report goes")
    .option("--continue", "go on from what --report has: its trials count, and what is missing is done")
    .option("--json", "print the report for programs, too")
    .option(
      "--yes-break <host>",
      "a host that may be reset, which may need hands; may be given more than once",
      collect,
    )
    .option("--compare <files...>", "two reports (report.json): what got better or worse; breaks nothing")
    .action(async (options: DrillOptions) => {
      const { checkOrder, compareReports, drillStack } = await import("../actions/drill.js");
      if (options.compare) {
        process.exitCode = await compareReports(options.compare, options.json === true);
        return;
      }
      checkOrder(options);
      await onNodes(line, options.stack, (reached) => drillStack(reached, options));
    });
