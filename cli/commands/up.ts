import type { UpOptions } from "../actions/up";
import { type CommandBuilder, collect, withExamples, workCommand } from "./command";

export const upCommand: CommandBuilder = () =>
  withExamples(
    workCommand("up", "make the stack and everything that it needs, or change it to match its settings")
      .option("--config-file <file>", "another file with the settings, in place of Pulumi.<stack>.yaml")
      .option("-c, --config <key=value>", "a setting, written to that file; may be given again", collect)
      .action(async (options: UpOptions) => {
        process.exitCode = await (await import("../actions/up.js")).up(options);
      }),
    ["up", "make or change the stack dev"],
    ["up --stack office --wait", "another stack, after whoever works on it"],
    ["up --config preset=steady", "with a setting that is from now on in the stack's file"],
  );
