import type { UpOptions } from "../actions/up";
import { type CommandBuilder, stackCommand } from "./command";

export const upCommand: CommandBuilder = () =>
  stackCommand("up", "make the stack and all that it needs, or bring it to what its settings say")
    .option("--wait", "wait for a run of Pulumi that works on the stack, in place of refusing")
    .action(async (options: UpOptions) => (await import("../actions/up.js")).up(options));
