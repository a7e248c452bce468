import { type CommandBuilder, command, withExamples } from "./command";

export const testCommand: CommandBuilder = () =>
  withExamples(
    command("test", "run the tests: all layers, or the named ones")
      .argument("[layers...]", "such as unit or lab")
      .action(async (layers: string[]) => {
        process.exitCode = await (await import("../test/index.js")).test(layers);
      }),
    ["test", "all layers"],
    ["test lint unit", "two of them"],
  );
