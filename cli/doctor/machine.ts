import { existsSync, readdirSync, readFileSync, statfsSync } from "node:fs";
import { createServer } from "node:net";
import { freemem, networkInterfaces, totalmem, userInfo } from "node:os";
import { dirname, join } from "node:path";
import { inodeOf, labOf, ownInode } from "../../lab/namespace";
import { isAlive, isOwn, type LabOwner, ownerOf } from "../../lab/owner";
import { passedOn } from "../../local/child-environment";
import { labHome } from "../../local/paths";
import { RunError, type RunResult, tryRun } from "../../local/run";
import { onPath } from "../../local/toolchain/path";

/** What the doctor reads from the machine that it runs on. Tests replace it. */
export interface ThisMachine {
  platform: NodeJS.Platform;
  architecture: string;
  /** Such as `20.11.1`. */
  nodeVersion: string;
  isRoot: boolean;
  user: string;
  now: number;
  /** The file of a program on PATH. */
  program(name: string): string | undefined;
  /** Runs a program for at most 20 s. A program that cannot start, or hangs, has an exit code, too. */
  run(command: string, ...args: string[]): Promise<RunResult>;
  /** A file's text; undefined if it cannot be read. */
  text(path: string): string | undefined;
  /** The names in a folder; none if it cannot be read. */
  names(folder: string): string[];
  exists(path: string): boolean;
  /** MiB. */
  memory(): { total: number; available: number };
  /** MiB that are free where a folder is or will be. */
  free(folder: string): number;
  /** Whether a port of this machine is free. */
  isFree(port: number, address: string): Promise<boolean>;
  /** IPv4 addresses with prefix, by interface. */
  addresses(): { device: string; cidr: string }[];
  /** What a lab reports about itself, by its network namespace; undefined if the namespace does not exist. */
  lab(namespace: string): LabSeen | undefined;
}

export interface LabSeen {
  /** Undefined if no lab has recorded that the namespace is its own. */
  owner: Pick<LabOwner, "user" | "home"> | undefined;
  /** Whether it is this user's, in this user's folder of labs. */
  isOwn: boolean;
  /** Whether the lab's folder exists and names the namespace. */
  isKnown: boolean;
  /** Whether something of it runs, as far as this user can see. */
  isAlive: boolean;
}

function lab(namespace: string): LabSeen | undefined {
  const inode = inodeOf(namespace);
  if (inode === undefined) return undefined;
  const home = join(dirname(labHome()), labOf(namespace));
  const owner = ownerOf(namespace, inode);
  return {
    owner,
    isOwn: owner !== undefined && isOwn(owner, home),
    isKnown: ownInode(home, namespace) !== undefined,
    isAlive: isAlive(owner, inode),
  };
}

const timeLimit = 20_000;
const mebi = 2 ** 20;

const readable = (path: string): string | undefined => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
};

const nearestFolder = (path: string): string => (existsSync(path) ? path : nearestFolder(dirname(path)));

async function run(command: string, ...args: string[]): Promise<RunResult> {
  try {
    return await tryRun(command, args, {
      timeout: timeLimit,
      env: { ...passedOn(process.env), LC_ALL: "C" },
    });
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    return { ...error.result, code: error.result.code || 128, stderr: error.message };
  }
}

/** MiB, including memory that the kernel frees at once, which Node before version 22 counts as used. */
function availableMemory(): number {
  const said = /^MemAvailable:\s+(\d+) kB/m.exec(readable("/proc/meminfo") ?? "")?.[1];
  return said ? Number(said) / 1024 : freemem() / mebi;
}

function isFree(port: number, address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
      .once("error", () => resolve(false))
      .listen({ port, host: address, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

export const thisMachine = (): ThisMachine => ({
  platform: process.platform,
  architecture: process.arch,
  nodeVersion: process.versions.node,
  isRoot: process.getuid?.() === 0,
  user: userInfo().username,
  now: Date.now(),
  program: (name) => onPath(name),
  run,
  text: readable,
  names: (folder) => {
    try {
      return readdirSync(folder);
    } catch {
      return [];
    }
  },
  exists: existsSync,
  memory: () => ({ total: totalmem() / mebi, available: availableMemory() }),
  free: (folder) => {
    const { bavail, bsize } = statfsSync(nearestFolder(folder));
    return (bavail * bsize) / mebi;
  },
  isFree,
  addresses: () =>
    Object.entries(networkInterfaces()).flatMap(([device, all]) =>
      (all ?? []).flatMap(({ family, cidr }) => (family === "IPv4" && cidr ? [{ device, cidr }] : [])),
    ),
  lab,
});
