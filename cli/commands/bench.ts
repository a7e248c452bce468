import { type CommandBuilder, command } from "./command";

export const benchCommand: CommandBuilder = () =>
  command("bench", "measure, each against a baseline of the same run")
    .argument("<name>", "such as machines or takeover")
    .argument("[args...]", "its own options, such as --json or --help")
    .passThroughOptions()
    .action(async (name: string, args: string[]) => (await import("../actions/bench.js")).bench(name, args));
