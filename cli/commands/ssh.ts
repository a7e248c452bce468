import { onNodes } from "../on-nodes";
import { type CommandBuilder, stackCommand } from "./command";

export const sshCommand: CommandBuilder = (line) =>
  stackCommand("ssh", "log in to a node, or run a command there")
    .argument("<node>", "the node's name")
    .argument("[command...]", "command to run there, in the login shell; default: the login shell itself")
    .passThroughOptions()
    .action(async (node: string, command: string[], { stack }: { stack: string }) => {
      const { ssh } = await import("../actions/ssh.js");
      await onNodes(line, stack, ({ known }) => ssh(known, { node, command }));
    });
