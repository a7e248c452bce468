import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** Processes whose working folder is in a folder, by id. */
export function processesIn(folder: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return `${readlinkSync(`/proc/${pid}/cwd`)}/`.startsWith(`${folder}/`) ? [Number(pid)] : [];
      } catch {
        return [];
      }
    });
}

/** The most memory that a process has had so far, in MB, if it is the one that dynamic providers run in; else 0. */
function peakMemory(pid: number): number {
  try {
    if (!readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("dynamic-provider")) return 0;
    const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return Number(kilobytes ?? 0) / 1024;
  } catch {
    return 0;
  }
}

/** Watches the process that dynamic providers run in; `stop` gives the most memory that it had, in MB. */
export function watchMemory(folder: string): { stop(): number } {
  let peak = 0;
  const timer = setInterval(() => {
    for (const pid of processesIn(folder)) peak = Math.max(peak, peakMemory(pid));
  }, 200);
  return {
    stop() {
      clearInterval(timer);
      return peak;
    },
  };
}
