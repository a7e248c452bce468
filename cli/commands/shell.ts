import { type CommandBuilder, stackCommand } from "./command";

export const shellCommand: CommandBuilder = () =>
  stackCommand(
    "shell",
    "run a shell or a command where the machines can be reached, with pulumi ready to use",
  )
    .argument("[command...]", "command to run; default: your shell")
    .passThroughOptions()
    .action(async (command: string[], options: { stack: string }) => {
      process.exitCode = await (await import("../actions/shell.js")).shell({ ...options, command });
    });
