import { closeSync, existsSync, openSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import { debianRelease } from "./debian";
import { layout } from "./layout";
import { mayMakeNamespaces } from "./namespace";

/** Bytes that a new lab needs: packages, the box and its build, the image, disks of two machines. */
const freshSpace = 6 * 2 ** 30;
/** Bytes that the lab needs when box and image are built already. */
const warmSpace = 2 * 2 ** 30;
/** The longest path of a socket, without the closing zero: sun_path in unix(7). */
const longestSocketPath = 107;
const overlayfs = 0x794c7630;

/** Checks a lab's name, which becomes part of names and paths. */
export function checkLabName(name: string): void {
  if (!/^[a-z0-9]([a-z0-9-]{0,29}[a-z0-9])?$/.test(name)) {
    throw new Error(
      `\`HA_RANCHER_LAB_NAME\` is ${JSON.stringify(name)}, and a lab's name must be 1 to 31 lower-case letters, digits and inner hyphens: choose another one`,
    );
  }
}

const nearestFolder = (path: string): string => (existsSync(path) ? path : nearestFolder(dirname(path)));

const gibibytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;

/** Why a folder cannot be the lab's home, by its path alone; undefined if it can. */
export function homeProblem(home: string): string | undefined {
  const socket = layout(home).libvirt.socket;
  if (Buffer.byteLength(socket) > longestSocketPath) {
    return `the lab's socket ${socket} would have a path of ${Buffer.byteLength(socket)} bytes, and the system allows ${longestSocketPath}: name a shorter folder in \`XDG_CACHE_HOME\``;
  }
  if (/["\n\r,]/.test(home)) {
    return `the lab's folder ${JSON.stringify(home)} has a quote, comma or line break in its path, which libvirt's configuration cannot hold: name another one in \`XDG_CACHE_HOME\``;
  }
  if (/^\/(run|dev|proc|sys)\//.test(`${home}/`)) {
    return `the lab's folder ${home} is on a file system that the lab's daemons do not see: name another one in \`XDG_CACHE_HOME\``;
  }
  return undefined;
}

/**
 * All reasons why the lab cannot run on this machine that can be known before anything is done.
 *
 * @param fresh whether box and image are still to be built
 */
export async function labProblems(home: string, fresh: boolean): Promise<string[]> {
  if (process.getuid?.() !== 0) {
    return ["the embedded lab needs root (network namespaces, mounts, /dev/net/tun): run it with `sudo`"];
  }
  const found: string[] = [];
  if (process.arch !== "x64") {
    found.push(`the embedded lab needs an x86-64 processor, and this is ${process.arch}: use existing hosts`);
  }
  const path = homeProblem(home);
  if (path) found.push(path);
  try {
    closeSync(openSync("/dev/net/tun", "r+"));
  } catch (error) {
    found.push(
      `/dev/net/tun cannot be opened (${(error as NodeJS.ErrnoException).code}), and machines need it for their network: load the module \`tun\`, or give this container the device (\`--device /dev/net/tun\`)`,
    );
  }
  const denied = await mayMakeNamespaces();
  if (denied !== undefined) {
    found.push(
      `network and mount namespaces cannot be made (${denied}): in a container, give it CAP_SYS_ADMIN and CAP_NET_ADMIN (\`--privileged\`)`,
    );
  }
  const folder = nearestFolder(home);
  const system = statfsSync(folder);
  const free = system.bavail * system.bsize;
  const needed = fresh ? freshSpace : warmSpace;
  if (free < needed) {
    found.push(
      `${folder} has ${gibibytes(free)} free, and the lab needs ${gibibytes(needed)}: make room, or name a folder on a larger disk in \`XDG_CACHE_HOME\``,
    );
  }
  if (system.type === overlayfs) {
    found.push(
      `${folder} is on overlayfs, which the lab's NFS server cannot share: name a folder on a real file system (a volume, in a container) in \`XDG_CACHE_HOME\``,
    );
  }
  return found;
}

/**
 * Refuses to start a lab that cannot run, with all reasons at once.
 *
 * @param fresh whether box and image are still to be built
 */
export async function preflight(name: string, home: string, fresh: boolean): Promise<void> {
  checkLabName(name);
  debianRelease();
  const found = await labProblems(home, fresh);
  if (found.length > 0) throw new Error(found.join("\n"));
}
