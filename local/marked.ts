import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/*
 * Processes with a mark in their environment. All children inherit it, even those with their own group or session, and
 * those whose parent is gone. Linux only: elsewhere no process is found.
 */

export interface Marked {
  pid: number;
  /** The mark's whole value. */
  value: string;
  /** Its command line, in one line. */
  command: string;
}

function look(pid: number, start: string, name: string): Marked | undefined {
  try {
    const variables = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
    const found = variables.find((each) => each.startsWith(start));
    if (found === undefined) return undefined;
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8")
      .replaceAll(/[\s\0]+/g, " ")
      .trim();
    return { pid, value: found.slice(name.length + 1), command };
  } catch {
    return undefined; // Gone, or another user's.
  }
}

/** All other processes whose environment has the variable with a value that begins with the given text. */
export function marked(name: string, beginning: string): Marked[] {
  const pids = process.platform === "linux" ? readdirSync("/proc").filter((each) => /^\d+$/.test(each)) : [];
  return pids
    .map(Number)
    .filter((pid) => pid !== process.pid)
    .flatMap((pid) => look(pid, `${name}=${beginning}`, name) ?? []);
}

/**
 * Ends all processes with a mark: SIGTERM first, and SIGKILL after the grace time.
 *
 * @param grace milliseconds
 * @returns the processes that were alive
 */
export async function endMarked(name: string, beginning: string, grace = 2_000): Promise<Marked[]> {
  const before = marked(name, beginning);
  const begun = performance.now();
  for (;;) {
    const left = marked(name, beginning);
    const late = performance.now() - begun > grace;
    if (left.length === 0 || performance.now() - begun > 3 * grace) return before;
    for (const { pid } of left) signal(pid, late ? "SIGKILL" : "SIGTERM");
    await sleep(100);
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // Gone already.
  }
}
