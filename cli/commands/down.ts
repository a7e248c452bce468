import type { DownOptions } from "../actions/down";
import { type CommandBuilder, withExamples, workCommand } from "./command";

export const downCommand: CommandBuilder = () =>
  withExamples(
    workCommand(
      "down",
      "remove the stack and everything that it made; stop the lab if no other stack uses it",
    )
      .option("--lab", "also remove the lab with its caches")
      .option("--purge-data", "also remove the shared data, whatever `keepData` says")
      .option("--yes", "do not ask; required without a terminal")
      .action(async (options: DownOptions) => (await import("../actions/down.js")).down(options)),
    ["down", "asks first"],
    ["down --stack office --yes", "without a terminal"],
    ["down --lab", "the last stack, and the lab with it"],
  );
