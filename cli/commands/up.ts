import type { UpOptions } from "../actions/up";
import { type CommandBuilder, withExamples, workCommand } from "./command";

export const upCommand: CommandBuilder = () =>
  withExamples(
    workCommand(
      "up",
      "make the stack and everything that it needs, or change it to match its settings",
    ).action(async (options: UpOptions) => {
      process.exitCode = await (await import("../actions/up.js")).up(options);
    }),
    ["up", "make or change the stack dev"],
    ["up --stack office --wait", "another stack, after whoever works on it"],
  );
