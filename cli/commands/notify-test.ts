import { onNodes } from "../on-nodes";
import { type CommandBuilder, stackCommand, withExamples } from "./command";

export const notifyTestCommand: CommandBuilder = (line) =>
  withExamples(
    stackCommand("notify-test", "send a test notice from each node to all that `notify` names").action(
      async (options: { stack: string }) => {
        const { notifyTest } = await import("../actions/notify-test.js");
        await onNodes(line, options.stack, ({ known }) => notifyTest(known));
      },
    ),
    ["notify-test", "whether webhook, mail and command work"],
  );
