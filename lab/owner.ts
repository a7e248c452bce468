import { readFileSync, rmSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { writeAtomically } from "../local/files";
import { livesSince } from "../local/process";
import { bootId, processesIn } from "./process";

/*
 * The owners of labs. Each lab records its owner in a folder of the machine that everybody can read: another user, or
 * this user with another home, may see neither the lab's files nor its processes.
 */

const folder = "/run/ha-rancher/labs";

const fileOf = (namespace: string): string => join(folder, `${namespace}.json`);

export interface LabOwner {
  uid: number;
  user: string;
  /** The lab's folder. */
  home: string;
  /** Its libvirtd, once that runs, and when it was last seen (milliseconds since 1970). */
  daemon?: { pid: number; seen: number };
}

interface Record extends LabOwner {
  bootId: string;
  /** The inode of the namespace: the record does not apply to another namespace with that name. */
  inode: number;
}

const isRecord = (value: unknown): value is Record => {
  const { uid, user, home, inode, bootId: boot, daemon } = (value ?? {}) as Partial<Record>;
  const isDaemon = daemon === undefined || (Number.isInteger(daemon.pid) && Number.isFinite(daemon.seen));
  const texts = [user, home, boot].every((each) => typeof each === "string");
  return Number.isInteger(uid) && Number.isInteger(inode) && texts && isDaemon;
};

/** The owner of the lab that recorded the namespace with that inode as its own; undefined if there is none. */
export function ownerOf(namespace: string, inode: number): LabOwner | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(fileOf(namespace), "utf8"));
    return isRecord(value) && value.inode === inode && value.bootId === bootId() ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Records that the namespace belongs to this user's lab, and which process shows that the lab lives. */
export async function recordOwner(
  namespace: string,
  inode: number,
  home: string,
  daemon?: number,
): Promise<void> {
  const { uid, username: user } = userInfo();
  const record: Record = {
    ...{ uid, user, home, inode, bootId: bootId() },
    ...(daemon === undefined ? {} : { daemon: { pid: daemon, seen: Date.now() } }),
  };
  await writeAtomically(fileOf(namespace), `${JSON.stringify(record)}\n`);
}

export const forgetOwner = (namespace: string): void => rmSync(fileOf(namespace), { force: true });

/** Whether a lab belongs to this user, in that home. */
export const isOwn = (owner: LabOwner, home: string): boolean =>
  owner.home === home && owner.uid === process.getuid?.();

/**
 * Whether something of a lab runs. For users who cannot see the lab's processes only its libvirtd counts, which runs
 * until somebody kills it.
 */
export const isAlive = (owner: LabOwner | undefined, inode: number): boolean =>
  processesIn(inode).length > 0 ||
  (owner?.daemon !== undefined && livesSince(owner.daemon.pid, owner.daemon.seen));
