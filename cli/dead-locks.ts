import { readdirSync, readFileSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Backend } from "../toolchain/environment";
import { projectName } from "./project";

/** Pulumi's lock on a stack in a local backend, as it writes it. */
interface Lock {
  pid: number;
  hostname: string;
}

function isDead({ pid, hostname: host }: Lock): boolean {
  if (host !== hostname() || !(pid > 0)) return false; // Of another machine that shares the folder.
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}

/**
 * Removes the locks that killed Pulumi processes of this machine left on a stack: nobody else ever would, and
 * every later operation would be refused.
 *
 * @returns how many there were
 */
export function removeDeadLocks(backend: Backend, stack: string): number {
  if (!backend.local) return 0;
  const folder = join(fileURLToPath(backend.url), ".pulumi", "locks", "organization", projectName, stack);
  let removed = 0;
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => name.endsWith(".json"));
  } catch {
    return 0; // Never locked.
  }
  for (const name of names) {
    const file = join(folder, name);
    try {
      if (!isDead(JSON.parse(readFileSync(file, "utf8")) as Lock)) continue;
    } catch {
      continue; // Released just now, or half written by one that is alive.
    }
    rmSync(file, { force: true });
    rmSync(`${file}.attrs`, { force: true });
    removed += 1;
  }
  return removed;
}
