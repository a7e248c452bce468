import { onNodes } from "../on-nodes";
import { type CommandBuilder, type Waiting, withExamples, workCommand } from "./command";

export const switchoverCommand: CommandBuilder = (line) =>
  withExamples(
    workCommand("switchover", "move the VIP and the service to another node")
      .argument("[node]", "the node that gets the VIP; default: the one that keepalived prefers")
      .action(async (node: string | undefined, { stack, wait }: Waiting) => {
        const { switchover } = await import("../actions/switchover.js");
        await onNodes(line, stack, ({ known }) => switchover(known, { stack, node }), {
          work: "switchover",
          wait,
        });
      }),
    ["switchover", "to the node that keepalived prefers"],
    ["switchover rancher-2", "to that one"],
  );
