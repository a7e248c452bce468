import { existsSync, readFileSync } from "node:fs";

/** Clock ticks a second in /proc, the same on all of Linux' platforms that Node runs on (USER_HZ). */
const ticks = 100;

/** Milliseconds by which the start of a process, as reckoned from the time of the boot, may be off. */
const tolerance = 10_000;

/** When a process began, in milliseconds since 1970. Undefined if it has ended, also if nobody has reaped it yet. */
function beginOf(pid: number): number | undefined {
  try {
    // The name, in parentheses, may have blanks and parentheses of its own.
    const fields = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ").at(-1)?.split(" ") ?? [];
    const boot = Number(/^btime (\d+)$/m.exec(readFileSync("/proc/stat", "latin1"))?.[1]);
    return fields[0] === "Z" || fields[0] === "X"
      ? undefined
      : boot * 1000 + (Number(fields[19]) / ticks) * 1000;
  } catch {
    return undefined;
  }
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
 * Whether a process of this machine that was there at some time lives on: its number may have been given to another
 * one meanwhile, which began later. Where the system does not tell (without /proc), one of that number counts.
 *
 * @param at milliseconds since 1970
 */
export function livesSince(pid: number, at: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  if (!existsSync("/proc/self/stat")) return isThere(pid);
  const began = beginOf(pid);
  return began !== undefined && !(began > at + tolerance);
}
