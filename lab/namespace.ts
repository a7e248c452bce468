import { randomUUID } from "node:crypto";
import { readFileSync, rmSync, statfsSync, statSync } from "node:fs";
import { writeAtomically } from "../local/files";
import { run, tryRun } from "../local/run";
import { type Layout, layout } from "./layout";
import { forgetOwner, isOwn, type LabOwner, ownerOf, recordOwner } from "./owner";
import { bootId, endAll, processesIn } from "./process";

/** The network namespace of the lab with a name. */
export const namespaceName = (lab: string): string => `ha-rancher-${lab}`;

/** The name of the lab that has a network namespace. */
export const labOf = (namespace: string): string => namespace.replace(/^ha-rancher-/, "");

const nsfs = 0x6e736673;
const fileOf = (namespace: string): string => `/run/netns/${namespace}`;

/** Wraps a command line so that it runs in a network namespace. */
export const within =
  (namespace: string) =>
  (argv: string[]): string[] => ["ip", "netns", "exec", namespace, ...argv];

/** Runs a program in a network namespace. */
export const runIn = (namespace: string, argv: string[], options?: Parameters<typeof run>[2]) =>
  run("ip", ["netns", "exec", namespace, ...argv], options);

/** The inode of a named network namespace, or undefined if there is none. */
export function inodeOf(namespace: string): number | undefined {
  try {
    // What a killed `ip netns add` leaves is an empty file.
    return statfsSync(fileOf(namespace)).type === nsfs ? statSync(fileOf(namespace)).ino : undefined;
  } catch {
    return undefined;
  }
}

/** What a lab notes of the namespace that it made. */
interface Made {
  bootId: string;
  inode: number;
  /** An alias of the loopback interface, unique to the namespace: inode numbers are used again when it is gone. */
  mark: string;
}

/** What this lab noted since the machine's boot, or undefined. The namespace may be gone by now. */
function noted(paths: Layout): Made | undefined {
  try {
    const made: Made = JSON.parse(readFileSync(paths.namespaceRecord, "utf8"));
    return made.bootId === bootId() ? made : undefined;
  } catch {
    return undefined;
  }
}

/** The inode of this lab's namespace, or undefined if it is not there or another's. Starts no process. */
export function ownInode(home: string, namespace: string): number | undefined {
  const inode = inodeOf(namespace);
  return inode !== undefined && inode === noted(layout(home))?.inode ? inode : undefined;
}

/** Whether the namespace in a file (of /run/netns or /proc/PID/ns) is the very one that was noted. */
async function isMarked(file: string, made: Made): Promise<boolean> {
  const links = await tryRun("nsenter", [`--net=${file}`, "ip", "-json", "link", "show", "lo"]);
  return links.code === 0 && JSON.parse(links.stdout)[0]?.ifalias === made.mark;
}

/** Ends what runs in a namespace of this lab whose name was taken away from under it. */
async function endLost(made: Made): Promise<void> {
  const [some] = processesIn(made.inode);
  if (some !== undefined && (await isMarked(`/proc/${some}/ns/net`, made))) await endAll(made.inode);
}

/**
 * Makes the lab's namespace unless it is there, and gives its inode.
 *
 * @throws if somebody else has one of that name
 */
export async function makeNamespace(home: string, namespace: string): Promise<number> {
  const paths = layout(home);
  const before = noted(paths);
  let inode = inodeOf(namespace);
  if (before && inode === before.inode && (await isMarked(fileOf(namespace), before))) {
    if (processesIn(inode).length > 0 || (await unused(namespace, inode))) return inode;
    // All of it was killed: nobody knows the bridges any more that still stand there, and libvirt refuses them.
    await run("ip", ["netns", "del", namespace]);
    inode = undefined;
  }
  if (before && inode !== before.inode) await endLost(before);

  if (inode === undefined) {
    rmSync(fileOf(namespace), { force: true });
    await run("ip", ["netns", "add", namespace]);
    inode = inodeOf(namespace);
    if (inode === undefined) throw new Error(`\`ip netns add ${namespace}\` made no namespace`);
  } else {
    const owner = ownerOf(namespace, inode);
    const isAnothers = owner !== undefined && !isOwn(owner, home);
    if (isAnothers || !(await unused(namespace, inode))) throw inUse(namespace, home, owner);
  }
  const made: Made = { inode, bootId: bootId(), mark: `ha-rancher ${randomUUID()}` };
  await writeAtomically(paths.namespaceRecord, JSON.stringify(made));
  await recordOwner(namespace, inode, home);
  await run("ip", ["-n", namespace, "link", "set", "lo", "up", "alias", made.mark]);
  return inode;
}

const inUse = (namespace: string, home: string, owner: LabOwner | undefined): Error => {
  const whose = owner ? `of ${owner.user}'s lab in ${owner.home}` : "in use, and nobody says by which lab";
  return new Error(
    `the network namespace ${namespace} is ${whose}, and not of this one in ${home}: give this lab another name in \`HA_RANCHER_LAB_NAME\``,
  );
};

/** Whether nothing happens in a namespace: just made, or left when this lab was killed before it could note its name. */
async function unused(namespace: string, inode: number): Promise<boolean> {
  const links = await run("ip", ["-n", namespace, "-json", "link"]);
  return processesIn(inode).length === 0 && JSON.parse(links.stdout).length <= 1;
}

/** Ends all processes of this lab and removes its namespace. Another's of that name is left alone. */
export async function removeNamespace(home: string, namespace: string): Promise<void> {
  const made = noted(layout(home));
  if (!made) return;
  if (ownInode(home, namespace) === undefined) await endLost(made);
  else if ((await isMarked(fileOf(namespace), made)) || (await unused(namespace, made.inode))) {
    await endAll(made.inode);
    await run("ip", ["netns", "del", namespace]);
    forgetOwner(namespace);
  }
  rmSync(layout(home).namespaceRecord, { force: true });
}

/** Whether this process may make network and mount namespaces; gives the reason if not. */
export async function mayMakeNamespaces(): Promise<string | undefined> {
  const tried = await tryRun("unshare", ["--net", "--mount", "true"]);
  return tried.code === 0 ? undefined : tried.stderr.trim();
}
