import { randomUUID } from "node:crypto";
import { readFileSync, rmSync, statfsSync, statSync } from "node:fs";
import { writeAtomically } from "../local/files";
import { run, tryRun } from "../local/run";
import { type Layout, layout } from "./layout";
import { forgetOwner, isOwn, type LabOwner, ownerOf, recordOwner } from "./owner";
import { bootId, endAll, processesIn } from "./process";

/** The network namespace of a lab, by the lab's name. */
export const namespaceName = (lab: string): string => `ha-rancher-${lab}`;

/** The name of the lab to which a network namespace belongs. */
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

/** The inode of a named network namespace; undefined if there is none. */
export function inodeOf(namespace: string): number | undefined {
  try {
    // A killed `ip netns add` leaves an empty file.
    return statfsSync(fileOf(namespace)).type === nsfs ? statSync(fileOf(namespace)).ino : undefined;
  } catch {
    return undefined;
  }
}

/** A lab's record of the namespace that it made. */
interface Made {
  bootId: string;
  inode: number;
  /** An alias of the loopback interface, unique to the namespace: inode numbers are reused. */
  mark: string;
}

/** This lab's record since the machine's boot; undefined if there is none. The namespace may be gone by now. */
function noted(paths: Layout): Made | undefined {
  try {
    const made: Made = JSON.parse(readFileSync(paths.namespaceRecord, "utf8"));
    return made.bootId === bootId() ? made : undefined;
  } catch {
    return undefined;
  }
}

/** The inode of this lab's namespace; undefined if it does not exist or belongs to somebody else. Starts no process. */
export function ownInode(home: string, namespace: string): number | undefined {
  const inode = inodeOf(namespace);
  return inode !== undefined && inode === noted(layout(home))?.inode ? inode : undefined;
}

/** Whether the namespace in a file (of /run/netns or /proc/PID/ns) is exactly the recorded one. */
async function isMarked(file: string, made: Made): Promise<boolean> {
  const links = await tryRun("nsenter", [`--net=${file}`, "ip", "-json", "link", "show", "lo"]);
  return links.code === 0 && JSON.parse(links.stdout)[0]?.ifalias === made.mark;
}

/** Ends all processes in a namespace of this lab that has lost its name. */
async function endLost(made: Made): Promise<void> {
  const [some] = processesIn(made.inode);
  if (some !== undefined && (await isMarked(`/proc/${some}/ns/net`, made))) await endAll(made.inode);
}

/**
 * Makes the lab's namespace unless it exists, and returns its inode.
 *
 * @throws if somebody else has a namespace with that name
 */
export async function makeNamespace(home: string, namespace: string): Promise<number> {
  const paths = layout(home);
  const before = noted(paths);
  let inode = inodeOf(namespace);
  if (before && inode === before.inode && (await isMarked(fileOf(namespace), before))) {
    if (processesIn(inode).length > 0 || (await unused(namespace, inode))) return inode;
    // The whole lab was killed: its bridges still exist there, and a new libvirtd would refuse them.
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

/** Whether a namespace is unused: new, or left when this lab was killed before it could record the name. */
async function unused(namespace: string, inode: number): Promise<boolean> {
  const links = await run("ip", ["-n", namespace, "-json", "link"]);
  return processesIn(inode).length === 0 && JSON.parse(links.stdout).length <= 1;
}

/**
 * Ends all processes of this lab and removes its namespace. A namespace of somebody else with that name is left alone.
 */
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

/** The reason why this process may not make network and mount namespaces; undefined if it may. */
export async function mayMakeNamespaces(): Promise<string | undefined> {
  const tried = await tryRun("unshare", ["--net", "--mount", "true"]);
  return tried.code === 0 ? undefined : tried.stderr.trim();
}
