import { readdirSync, readFileSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { livesSince } from "../process";
import { projectName } from "../project";
import type { Backend } from "../toolchain/environment";
import { folderOf } from "./layout";

/** A lock of Pulumi on a stack in a local backend. */
export interface Lock {
  file: string;
  pid: number;
  hostname: string;
  since: Date;
  /** Whether the process that has it lives, has ended, or is on another machine that shares the folder. */
  process: "lives" | "gone" | "elsewhere";
}

/** The content of a lock file (backend/diy/lock.go). */
interface LockFile {
  pid: number;
  hostname: string;
  timestamp: string;
}

function readLock(file: string): Lock[] {
  try {
    const { pid, hostname: host, timestamp } = JSON.parse(readFileSync(file, "utf8")) as LockFile;
    const since = new Date(timestamp);
    const here = livesSince(pid, since.getTime()) ? "lives" : "gone";
    return [{ file, pid, hostname: host, since, process: host === hostname() ? here : "elsewhere" }];
  } catch {
    return []; // It was released just now, or a living process is still writing it.
  }
}

/** The locks on a stack; none if the backend is not local, which reports locks itself. */
export function locksOn(backend: Backend, stack: string): Lock[] {
  if (!backend.local) return [];
  const folder = join(folderOf(backend), "locks", "organization", projectName, stack);
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => name.endsWith(".json"));
  } catch {
    return []; // Never locked.
  }
  return names.flatMap((name) => readLock(join(folder, name)));
}

/** Locks whose process is gone. */
export const deadLocks = (backend: Backend, stack: string): Lock[] =>
  locksOn(backend, stack).filter((lock) => lock.process === "gone");

/**
 * Removes the locks that killed Pulumi processes of this machine left on a stack. Nothing else removes them, and Pulumi
 * would refuse every later operation.
 *
 * @returns how many there were
 */
export function removeDeadLocks(backend: Backend, stack: string): number {
  const dead = deadLocks(backend, stack);
  for (const { file } of dead) {
    rmSync(file, { force: true });
    rmSync(`${file}.attrs`, { force: true });
  }
  return dead.length;
}
