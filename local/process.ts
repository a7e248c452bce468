import { existsSync, readFileSync } from "node:fs";

/** Clock ticks per second in /proc (USER_HZ): the same on all Linux platforms that Node runs on. */
const ticks = 100;

/** Milliseconds by which the start time of a process may be off, since it is computed from the time of the boot. */
const tolerance = 10_000;

/**
 * When a process began, in milliseconds since 1970; undefined if it has ended, even if its parent has not waited for it
 * yet.
 */
function beginOf(pid: number): number | undefined {
  try {
    // The name is in parentheses, and may contain spaces and parentheses.
    const fields = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ").at(-1)?.split(" ") ?? [];
    const boot = Number(/^btime (\d+)$/m.exec(readFileSync("/proc/stat", "latin1"))?.[1]);
    return fields[0] === "Z" || fields[0] === "X"
      ? undefined
      : boot * 1000 + (Number(fields[19]) / ticks) * 1000;
  } catch {
    return undefined;
  }
}

/**
 * The process that a pid file names; undefined: none, or process 1. The file's first line counts: ganesha writes over the
 * file of its forerunner, and what that number had more digits is on a line below.
 */
export function pidIn(content: string | undefined): number | undefined {
  const pid = Number(/^\s*(\d+)[^\S\n]*(?:\n|$)/.exec(content ?? "")?.[1]);
  return pid > 1 ? pid : undefined;
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

/**
 * Whether a process that existed at a given time still lives. Its id may belong to another process by now; that one
 * began later. On systems without /proc any process with that id counts.
 *
 * @param at milliseconds since 1970
 */
export function livesSince(pid: number, at: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  if (!existsSync("/proc/self/stat")) return isThere(pid);
  const began = beginOf(pid);
  return began !== undefined && !(began > at + tolerance);
}
