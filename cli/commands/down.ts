import type { DownOptions } from "../actions/down";
import { type CommandBuilder, stackCommand } from "./command";

export const downCommand: CommandBuilder = () =>
  stackCommand("down", "remove the stack and everything that it made; stop the lab if no other stack uses it")
    .option("--lab", "also remove the lab with its caches")
    .option("--purge-data", "also remove the shared data, whatever `keepData` says")
    .option("--wait", "if another run of Pulumi works on the stack, wait for it instead of refusing")
    .option("--yes", "do not ask; required without a terminal")
    .action(async (options: DownOptions) => (await import("../actions/down.js")).down(options));
