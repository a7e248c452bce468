import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { packageRoot } from "../../local/root";
import { candidates } from "./candidates";

/** The shells that are known. */
export type Shell = "bash" | "zsh" | "fish";

/** Prints a shell's program for completion. */
export function printCompletion(shell: Shell): void {
  process.stdout.write(readFileSync(join(packageRoot, "cli", "completion", `ha-rancher.${shell}`), "utf8"));
}

/** What a shell asks with: the words follow, the last one is being typed. Nobody types it. */
export const askedByShell = "__complete";

/** Answers a shell: a line for each candidate, its description behind a tab, or `:files`. */
export async function answerShell(program: Command, words: readonly string[]): Promise<void> {
  const found = await candidates(program, words);
  const lines = found === "files" ? [":files"] : found.map(({ word, about }) => `${word}\t${about}`);
  process.stdout.write(lines.map((line) => `${line}\n`).join(""));
}
