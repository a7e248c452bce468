import type { LogsOptions } from "../actions/logs";
import { onNodes } from "../on-nodes";
import { type CommandBuilder, stackCommand, withExamples } from "./command";

export const logsCommand: CommandBuilder = (line) =>
  withExamples(
    stackCommand(
      "logs",
      "show what agents, keepalived and the container say on all nodes, in the order of time",
    )
      .argument("[nodes...]", "only these nodes")
      .option("-f, --follow", "go on, until Ctrl-C")
      .option("--since <time>", "how far back, such as 90s, 10m, 2h; default: 10m, with --follow 1m")
      .action(async (nodes: string[], options: Omit<LogsOptions, "nodes">) => {
        const { logs } = await import("../actions/logs.js");
        await onNodes(line, options.stack, ({ known }) => logs(known, { ...options, nodes }));
      }),
    ["logs", "the last ten minutes of all nodes"],
    ["logs -f rancher-1", "one node's, as it comes"],
    ["logs --since 2h", "what happened since then"],
  );
