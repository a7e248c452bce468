import { readFileSync, rmSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { writeAtomically } from "../local/files";
import { livesSince } from "../local/process";
import { bootId, processesIn } from "./process";

/*
 * Whose a lab is. Each lab says it itself, at one place of the machine where everybody can read it: whoever asks may have
 * another home, or be another user, who sees neither the lab's files nor its processes.
 */

const folder = "/run/ha-rancher/labs";

const fileOf = (namespace: string): string => join(folder, `${namespace}.json`);

export interface LabOwner {
  uid: number;
  user: string;
  /** The lab's folder. */
  home: string;
  /** Its libvirtd, once that runs, and when that was seen (milliseconds since 1970). */
  daemon?: { pid: number; seen: number };
}

interface Record extends LabOwner {
  bootId: string;
  /** Of the namespace: what another one of that name had before says nothing. */
  inode: number;
}

const isRecord = (value: unknown): value is Record => {
  const { uid, user, home, inode, bootId: boot, daemon } = (value ?? {}) as Partial<Record>;
  const isDaemon = daemon === undefined || (Number.isInteger(daemon.pid) && Number.isFinite(daemon.seen));
  const texts = [user, home, boot].every((each) => typeof each === "string");
  return Number.isInteger(uid) && Number.isInteger(inode) && texts && isDaemon;
};

/** Who says that the namespace with that inode is of its lab; undefined if nobody does. */
export function ownerOf(namespace: string, inode: number): LabOwner | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(fileOf(namespace), "utf8"));
    return isRecord(value) && value.inode === inode && value.bootId === bootId() ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Notes that the namespace is of this user's lab, and by which process one can tell that it lives. */
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

/** Whether a lab is this user's, in that home. */
export const isOwn = (owner: LabOwner, home: string): boolean =>
  owner.home === home && owner.uid === process.getuid?.();

/**
 * Whether something of a lab runs. Who may not look into the lab's processes is told by its libvirtd alone, which is
 * there as long as nobody kills it.
 */
export const isAlive = (owner: LabOwner | undefined, inode: number): boolean =>
  processesIn(inode).length > 0 ||
  (owner?.daemon !== undefined && livesSince(owner.daemon.pid, owner.daemon.seen));
