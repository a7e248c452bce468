import type { TryOptions } from "../actions/try";
import { type CommandBuilder, command, port, withExamples } from "./command";

export const tryCommand: CommandBuilder = () =>
  withExamples(
    command(
      "try",
      "two nodes and a floating IP without machines, on Linux: a page shows them, and breaks them, until Ctrl-C",
    )
      .option("-p, --port <number>", "the page's port on this machine", port, 7790)
      .option("--no-browser", "only say where")
      .option("--yes", "install missing packages without a question")
      .action(async (options: TryOptions) => {
        const { tryOut } = await import("../actions/try.js");
        process.exitCode = await tryOut(options);
      }),
    ["try", "in a browser, until Ctrl-C"],
  );
