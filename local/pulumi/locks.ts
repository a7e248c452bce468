import { readdirSync, readFileSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { projectName } from "../project";
import type { Backend } from "../toolchain/environment";

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

/** Files of the locks that killed Pulumi processes of this machine left on a stack. */
export function deadLocks(backend: Backend, stack: string): string[] {
  if (!backend.local) return [];
  const folder = join(fileURLToPath(backend.url), ".pulumi", "locks", "organization", projectName, stack);
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => name.endsWith(".json"));
  } catch {
    return []; // Never locked.
  }
  return names
    .map((name) => join(folder, name))
    .filter((file) => {
      try {
        return isDead(JSON.parse(readFileSync(file, "utf8")) as Lock);
      } catch {
        return false; // Released just now, or half written by one that is alive.
      }
    });
}

/**
 * Removes the locks that killed Pulumi processes of this machine left on a stack: nobody else ever would, and
 * every later operation would be refused.
 *
 * @returns how many there were
 */
export function removeDeadLocks(backend: Backend, stack: string): number {
  const files = deadLocks(backend, stack);
  for (const file of files) {
    rmSync(file, { force: true });
    rmSync(`${file}.attrs`, { force: true });
  }
  return files.length;
}
