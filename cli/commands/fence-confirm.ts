import { onNodes } from "../on-nodes";
import { type CommandBuilder, stackCommand, withExamples } from "./command";

export const fenceConfirmCommand: CommandBuilder = (line) =>
  withExamples(
    stackCommand("fence-confirm", "give your word that a node is off, to nodes that wait for it")
      .argument("<node>", "the node that is off")
      .option("--yes", "do not ask; required without a terminal")
      .action(async (node: string, options: { stack: string; yes?: boolean }) => {
        const { fenceConfirm } = await import("../actions/fence-confirm.js");
        await onNodes(line, options.stack, ({ known }) => fenceConfirm(known, { ...options, node }));
      }),
    ["fence-confirm rancher-1", "after you pulled its plug"],
  );
