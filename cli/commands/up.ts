import type { UpOptions } from "../actions/up";
import { type CommandBuilder, stackCommand, withExamples } from "./command";

export const upCommand: CommandBuilder = () =>
  withExamples(
    stackCommand("up", "make the stack and everything that it needs, or change it to match its settings")
      .option("--wait", "if another run of Pulumi works on the stack, wait for it instead of refusing")
      .action(async (options: UpOptions) => (await import("../actions/up.js")).up(options)),
    ["up", "make or change the stack dev"],
    ["up --stack office --wait", "another stack, after whoever works on it"],
  );
