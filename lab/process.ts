import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { pidIn } from "../local/process";

const read = (file: string): string | undefined => {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
};

/** The inode of a process's network namespace; undefined if there is no such process. */
export function namespaceOf(pid: number | "self"): number | undefined {
  try {
    return Number(/^net:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/ns/net`))?.[1]);
  } catch {
    return undefined;
  }
}

/**
 * The process in a pid file; undefined if it is gone. Another process may have the pid by now, so it counts only if it
 * is in the right network namespace and has `argument` among its arguments.
 */
export function alive(pidFile: string, argument: string, namespace: number): number | undefined {
  const pid = pidIn(read(pidFile));
  if (pid === undefined || namespaceOf(pid) !== namespace) return undefined;
  return read(`/proc/${pid}/cmdline`)?.split("\0").includes(argument) ? pid : undefined;
}

/** All processes in a network namespace, except for zombies, which only wait for their parent. */
export function processesIn(namespace: number): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter(
      (pid) => namespaceOf(pid) === namespace && !/^State:\s*Z/m.test(read(`/proc/${pid}/status`) ?? ""),
    );
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // Gone already.
  }
}

/**
 * Ends all processes in a network namespace: SIGTERM first, and SIGKILL after the grace time.
 *
 * @param grace milliseconds
 * @throws if some survive
 */
export async function endAll(namespace: number, grace = 5_000): Promise<void> {
  for (const [name, patience] of [
    ["SIGTERM", grace],
    ["SIGKILL", 5_000],
  ] as const) {
    for (const pid of processesIn(namespace)) signal(pid, name);
    const deadline = Date.now() + patience;
    while (Date.now() < deadline) {
      if (processesIn(namespace).length === 0) return;
      await sleep(20);
    }
  }
  const left = processesIn(namespace).join(", ");
  throw new Error(`processes ${left} do not end, even by SIGKILL: see what they wait for in /proc/PID/stack`);
}

/** Ends one process: SIGTERM first, and SIGKILL after the grace time in milliseconds. */
export async function end(pid: number, stillThere: () => boolean, grace = 5_000): Promise<void> {
  signal(pid, "SIGTERM");
  const deadline = Date.now() + grace;
  while (stillThere()) {
    if (Date.now() > deadline) signal(pid, "SIGKILL");
    await sleep(20);
  }
}

/** Identifies the running system: each boot has another value. */
export const bootId = (): string => read("/proc/sys/kernel/random/boot_id")?.trim() ?? "";
