import type { HistoryOptions } from "../actions/history";
import { onNodes } from "../on-nodes";
import { type CommandBuilder, stackCommand, withExamples } from "./command";

export const historyCommand: CommandBuilder = (line) =>
  withExamples(
    stackCommand(
      "history",
      "show what happened, as one story of all nodes: a failover is one entry, with why and how long each step took",
    )
      .option("--since <time>", "how far back, such as 90s, 10m, 2h, 7d", "1d")
      .option("--events", "each event of an entry, too")
      .option("--json", "for programs")
      .action(async (options: HistoryOptions) => {
        const { history } = await import("../actions/history.js");
        await onNodes(line, options.stack, ({ known }) => history(known, options));
      }),
    ["history", "the last day"],
    ["history --since 2h --events", "with every event"],
    ["history --since 7d --json", "for programs"],
  );
