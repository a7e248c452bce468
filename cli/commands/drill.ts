import { passwordVariable, placeForms } from "../../drill/probes/stores/place";
import type { DrillOptions } from "../actions/drill";
import { onNodes } from "../on-nodes";
import { type CommandBuilder, collect, whole, withExamples, workCommand } from "./command";

export const drillCommand: CommandBuilder = (line) =>
  withExamples(
    workCommand("drill", "inject faults into a stack that is up, measure their effects, and write a report")
      .option("-f, --fault <name>", "only this fault; may be given more than once", collect)
      .option("--quick", "only the few most telling faults")
      .option("-n, --trials <number>", "trials of each fault", whole, 3)
      .option("--random <minutes>", "random faults for this long; alone, or after those of --fault", whole)
      .option("--seed <number>", "repeat the order of faults of an earlier drill", whole)
      .option("-r, --report <folder>", "where the report goes")
      .option("--continue", "continue the report in --report: keep its trials and run the missing ones")
      .option(
        "--writes <url>",
        `where the client writes numbers, if not to Rancher: ${placeForms}; a password goes into ${passwordVariable}`,
      )
      .option("--json", "also print the report as JSON, for programs")
      .option(
        "--yes-break <host>",
        "allow resets of this host, which may stay off until somebody turns it on; may be given more than once",
        collect,
      )
      .option("--compare <files...>", "show what got better or worse between two reports; injects nothing")
      .option("--rewrite <folder>", "write the report in this folder again from its trials; injects nothing")
      .action(async (options: DrillOptions) => {
        const { checkOptions, compareReports, drillStack, rewriteReport } = await import(
          "../actions/drill.js"
        );
        if (options.compare) {
          process.exitCode = await compareReports(options.compare, options.json === true);
          return;
        }
        if (options.rewrite !== undefined) return await rewriteReport(options.rewrite);
        checkOptions(options);
        await onNodes(line, options.stack, (reached) => drillStack(reached, options), {
          work: "drill",
          wait: options.wait,
        });
      }),
    ["drill --quick", "the few most telling faults"],
    ["drill --fault power-off --trials 5", "one fault"],
    ["drill --random 60", "an hour of random faults"],
  );
