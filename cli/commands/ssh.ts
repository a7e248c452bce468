import { onNodes } from "../on-nodes";
import { type CommandBuilder, stackCommand, withExamples } from "./command";

export const sshCommand: CommandBuilder = (line) =>
  withExamples(
    stackCommand("ssh", "log in to a node, or run a command there")
      .argument("<node>", "the node's name")
      .argument("[command...]", "command to run there, in the login shell; default: the login shell itself")
      .passThroughOptions()
      .action(async (node: string, command: string[], { stack }: { stack: string }) => {
        const { ssh } = await import("../actions/ssh.js");
        await onNodes(line, stack, ({ known }) => ssh(known, { node, command }));
      }),
    ["ssh rancher-1", "a shell there"],
    ["ssh rancher-1 sudo docker ps", "a command there"],
  );
