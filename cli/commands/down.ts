import type { DownOptions } from "../actions/down";
import { type CommandBuilder, stackCommand } from "./command";

export const downCommand: CommandBuilder = () =>
  stackCommand("down", "remove the stack and all that it made; stop the lab if no other stack uses it")
    .option("--lab", "remove the lab with its caches, too")
    .option("--purge-data", "remove the shared data, too, whatever `keepData` says")
    .option("--wait", "wait for a run of Pulumi that works on the stack, in place of refusing")
    .option("--yes", "do not ask; without a terminal it is needed")
    .action(async (options: DownOptions) => (await import("../actions/down.js")).down(options));
