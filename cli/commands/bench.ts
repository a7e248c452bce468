import { type CommandBuilder, command, withExamples } from "./command";

export const benchCommand: CommandBuilder = () =>
  withExamples(
    command("bench", "run a benchmark, and compare it with a baseline of the same run")
      .argument("<name>", "such as machines or takeover")
      .argument("[args...]", "its own options, such as --json or --help")
      .passThroughOptions()
      .action(async (name: string, args: string[]) =>
        (await import("../actions/bench.js")).bench(name, args),
      ),
    ["bench takeover", "how long the VIP is away"],
  );
