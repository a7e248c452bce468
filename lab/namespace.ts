import { readFileSync, rmSync, statfsSync, statSync, writeFileSync } from "node:fs";
import { run, tryRun } from "../system/run";
import { type Layout, layout } from "./layout";
import { bootId, endAll, processesIn } from "./process";

/** The network namespace of the lab with a name. */
export const namespaceName = (lab: string): string => `ha-rancher-${lab}`;

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

/** The inode of the namespace that this lab made since the machine's boot, or undefined. It may be gone by now. */
export function recordedInode(paths: Layout): number | undefined {
  try {
    const record = JSON.parse(readFileSync(paths.namespaceRecord, "utf8"));
    return record.bootId === bootId() ? record.inode : undefined;
  } catch {
    return undefined;
  }
}

/** The inode of this lab's namespace, or undefined if it is not there or another's. */
export function ownInode(home: string, namespace: string): number | undefined {
  const inode = inodeOf(namespace);
  return inode !== undefined && inode === recordedInode(layout(home)) ? inode : undefined;
}

/**
 * Makes the lab's namespace unless it is there, and gives its inode.
 *
 * @throws if somebody else has one of that name
 */
export async function makeNamespace(home: string, namespace: string): Promise<number> {
  const paths = layout(home);
  let inode = inodeOf(namespace);
  if (inode !== undefined && inode === recordedInode(paths)) return inode;
  // Processes of a namespace whose name was taken away from under them.
  const lost = recordedInode(paths);
  if (lost !== undefined) await endAll(lost);

  if (inode === undefined) {
    rmSync(fileOf(namespace), { force: true });
    await run("ip", ["netns", "add", namespace]);
    inode = inodeOf(namespace);
    if (inode === undefined) throw new Error(`\`ip netns add ${namespace}\` made no namespace`);
  } else if (!(await unused(namespace, inode))) {
    throw new Error(
      `a network namespace ${namespace} is in use, and not by this lab (${home}): remove it with \`ip netns del ${namespace}\`, or give this lab another name in \`HA_RANCHER_LAB_NAME\``,
    );
  }
  writeFileSync(paths.namespaceRecord, JSON.stringify({ inode, bootId: bootId() }));
  await run("ip", ["-n", namespace, "link", "set", "lo", "up"]);
  return inode;
}

/** Whether nothing happens in a namespace: what is left when this lab was killed before it could note its name. */
async function unused(namespace: string, inode: number): Promise<boolean> {
  const links = await run("ip", ["-n", namespace, "-json", "link"]);
  return processesIn(inode).length === 0 && JSON.parse(links.stdout).length <= 1;
}

/** Ends all processes of this lab and removes its namespace. */
export async function removeNamespace(home: string, namespace: string): Promise<void> {
  const inode = recordedInode(layout(home));
  if (inode === undefined) return;
  await endAll(inode);
  if (inodeOf(namespace) === inode) await run("ip", ["netns", "del", namespace]);
  rmSync(layout(home).namespaceRecord, { force: true });
}

/** Whether this process may make network and mount namespaces; gives the reason if not. */
export async function mayMakeNamespaces(): Promise<string | undefined> {
  const tried = await tryRun("unshare", ["--net", "--mount", "true"]);
  return tried.code === 0 ? undefined : tried.stderr.trim();
}
