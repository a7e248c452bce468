import { type CommandBuilder, stackCommand, withExamples } from "./command";

export const shellCommand: CommandBuilder = () =>
  withExamples(
    stackCommand(
      "shell",
      "run a shell or a command where the machines can be reached, with pulumi ready to use",
    )
      .argument("[command...]", "command to run; default: your shell")
      .passThroughOptions()
      .action(async (command: string[], options: { stack: string }) => {
        process.exitCode = await (await import("../actions/shell.js")).shell({ ...options, command });
      }),
    ["shell", "a shell of yours, with pulumi"],
    ["shell pulumi preview", "one command"],
  );
