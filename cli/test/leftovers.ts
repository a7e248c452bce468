import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { inodeOf } from "../../lab/namespace";
import { namespaceOf, processesIn } from "../../lab/process";
import { mountsBelow } from "../../lab/stop";
import { packageRoot } from "../../local/root";
import type { TestRun } from "./test-run";

/** What existed before the tests. */
export interface Before {
  namespaces: string[];
  files: Set<string>;
}

const names = (folder: string): string[] => {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
};

/** Folders of the repository that change all the time. */
const passing = new Set([
  // Who works on which stack: what is left of a process that is gone is in nobody's way.
  ...[".git", "node_modules", "dist", ".stacks"],
  ...["__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache"],
]);

/** All files of the repository. */
function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (!entry.isDirectory()) return [path];
    return passing.has(entry.name) ? [] : [path, ...filesBelow(path)];
  });
}

/** Records what exists before the tests. */
export const lookBefore = (root: string = packageRoot): Before => ({
  namespaces: names("/run/netns"),
  files: new Set(filesBelow(root)),
});

/** Milliseconds in which processes may end that a test has told to end. */
const patience = 3_000;

/** Repeats a question until the answer is empty, for at most `patience`; returns the last answer. */
async function inVain<T>(ask: () => T[]): Promise<T[]> {
  const end = Date.now() + patience;
  for (;;) {
    const found = ask();
    if (found.length === 0 || Date.now() > end) return found;
    await sleep(100);
  }
}

/** The name of a QEMU's machine, or the command line of another process. */
function shown(pid: number): string {
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8")
      .replaceAll(/[\s\0]+/g, " ")
      .trim();
    const domain = /\bguest=([^,\s]+)/.exec(command)?.[1];
    return domain ? `the machine ${domain} (process ${pid})` : `process ${pid}: ${command.slice(0, 160)}`;
  } catch {
    return `process ${pid}`;
  }
}

/**
 * Processes of the run, and those in the same network namespace as one of them: a lab's machines do not have the mark.
 */
async function processesLeft(run: TestRun): Promise<string[]> {
  const left = await inVain(() => run.processes());
  const known = new Set(left.map(({ pid }) => pid));
  const here = namespaceOf("self");
  const others = new Set(left.map(({ pid }) => namespaceOf(pid)));
  const beside = [...others]
    .flatMap((inode) => (inode === undefined || inode === here ? [] : processesIn(inode)))
    .filter((pid) => !known.has(pid));
  return [
    ...left.map(({ pid, job }) => `${job} left ${shown(pid)}`),
    ...beside.map((pid) => `a test left ${shown(pid)}`),
  ];
}

/** Whether a name contains the id of a living process outside of the run. Tests put their process id into names. */
const isAnothers = (name: string, own: Set<number>): boolean =>
  (name.match(/\d+/g) ?? []).map(Number).some((pid) => namespaceOf(pid) !== undefined && !own.has(pid));

/** New network namespaces that no other process on this machine made or uses. */
async function namespacesLeft(run: TestRun, before: Before): Promise<string[]> {
  const ours = (): string[] => {
    const own = new Set(run.processes().map(({ pid }) => pid));
    return names("/run/netns").filter((name) => {
      const inode = before.namespaces.includes(name) ? undefined : inodeOf(name);
      if (inode === undefined || isAnothers(name, own)) return false;
      return processesIn(inode).every((pid) => own.has(pid));
    });
  };
  return (await inVain(ours)).map(
    (name) => `a test left the network namespace ${name}: remove it with \`ip netns del ${name}\``,
  );
}

/**
 * What a run left behind, one line each: processes, machines, network namespaces, mounts, temporary files and files in
 * the repository.
 */
export async function leftovers(run: TestRun, before: Before, root: string = packageRoot): Promise<string[]> {
  const processes = await processesLeft(run);
  const namespaces = await namespacesLeft(run, before);
  const mounts = Object.values(run.folders).flatMap((folder) => mountsBelow(folder));
  const made = filesBelow(root).filter((path) => !before.files.has(path));
  return [
    ...processes,
    ...namespaces,
    ...mounts.map((mount) => `a test left ${mount}`),
    ...run.files().map(({ path, job }) => `${job} left ${path}`),
    ...made.map((path) => `a test left ${relative(root, path)} in the repository`),
  ];
}
