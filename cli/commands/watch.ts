import { Option } from "commander";
import type { WatchOptions } from "../actions/watch";
import { onNodes } from "../on-nodes";
import { type CommandBuilder, port, stackCommand, withExamples } from "./command";

export const watchCommand: CommandBuilder = (line) =>
  withExamples(
    stackCommand(
      "watch",
      "serve a live page of the stack on this machine, with buttons; `status --watch` is for terminals",
    )
      .option("-p, --port <number>", "the port on this machine", port, 7780)
      .option("--no-browser", "only say where")
      .addOption(new Option("--socket <path>", "where it listens in a lab's network").hideHelp())
      .action(async (options: WatchOptions) => {
        const { throughRelay, watchPage } = await import("../actions/watch.js");
        const way = throughRelay(line, options.port);
        await onNodes(way, options.stack, ({ known }) => watchPage(known, options));
      }),
    ["watch", "in a browser, until Ctrl-C"],
    ["watch --no-browser", "on a machine that you are logged in to: the address to forward"],
  );
