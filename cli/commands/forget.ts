import { onNodes } from "../on-nodes";
import { type CommandBuilder, type Waiting, withExamples, workCommand } from "./command";

export const forgetCommand: CommandBuilder = (line) =>
  withExamples(
    workCommand("forget", "take a node that is gone for good out of the state; nothing is done on it")
      .argument("<node>", "the node that is gone")
      .option("--force", "also a node that answers, or that may still serve: you saw that it is off")
      .option("--yes", "do not ask; required without a terminal")
      .action(async (node: string, options: Waiting & { yes?: boolean; force?: boolean }) => {
        const { stack, wait } = options;
        const { forget } = await import("../actions/forget.js");
        const { accessTo } = await import("../pulumi/access.js");
        await onNodes(
          line,
          stack,
          async ({ known }) => forget(known, { ...options, node }, await accessTo(stack)),
          { work: "forget", wait },
        );
      }),
    ["forget rancher-1", "after its disk was lost, or the host was given away"],
    ["forget --force rancher-1", "before `down`, where no other node serves"],
  );
