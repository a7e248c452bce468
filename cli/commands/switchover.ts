import { onNodes } from "../on-nodes";
import { type CommandBuilder, stackCommand, withExamples } from "./command";

export const switchoverCommand: CommandBuilder = (line) =>
  withExamples(
    stackCommand("switchover", "move the VIP and the service to another node")
      .argument("[node]", "the node that gets the VIP; default: the one that keepalived prefers")
      .action(async (node: string | undefined, { stack }: { stack: string }) => {
        const { switchover } = await import("../actions/switchover.js");
        await onNodes(line, stack, ({ known }) => switchover(known, { stack, node }));
      }),
    ["switchover", "to the node that keepalived prefers"],
    ["switchover rancher-2", "to that one"],
  );
