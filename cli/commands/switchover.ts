import { onNodes } from "../on-nodes";
import { type CommandBuilder, stackCommand } from "./command";

export const switchoverCommand: CommandBuilder = (line) =>
  stackCommand("switchover", "move the VIP to another node, in order")
    .argument("[node]", "where to; default: whom keepalived prefers")
    .action(async (node: string | undefined, { stack }: { stack: string }) => {
      const { switchover } = await import("../actions/switchover.js");
      await onNodes(line, stack, ({ known }) => switchover(known, { stack, node }));
    });
