import { mkdir, readdir, realpath, rm, rmdir, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { writeAtomically } from "../../local/files";
import { textOf } from "../../local/text";

/*
 * The directory behind an export. A marker in it names the export for which this project made it. Directories without a
 * marker are never deleted, and no two exports share one.
 */

const markerName = ".ha-rancher-export";

/** The sentinel file, which the agent reads before it starts anything on the data. */
const sentinelName = ".ha-rancher-sentinel";

/** The folders in it: `data`, which only one node mounts, and `lease`, which all nodes mount. */
const folders = ["data", "lease"];

/** The export that a directory belongs to; "" if its export is gone, undefined if the directory is not ours. */
async function ownerOf(directory: string): Promise<string | undefined> {
  return (await textOf(join(directory, markerName)))?.trim();
}

function notAllowed(error: unknown, what: string, path: string): Error {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === "EACCES" || code === "EPERM"
    ? new Error(
        `${what} ${path} is not permitted: run this as root, or choose a \`directory\` in a folder of your own`,
      )
    : new Error(`${what} ${path} failed: ${message}`);
}

/**
 * @throws if the directory belongs to somebody else, before anything is made
 * @param mayRemove whether the directory will be removed together with its export
 */
export async function claim(directory: string, name: string, mayRemove: boolean): Promise<void> {
  const owner = await ownerOf(directory);
  if (owner !== undefined && owner !== "" && owner !== name)
    throw new Error(
      `\`directory\` ${directory} belongs to the export ${owner}: two stacks on the same data destroy it. Choose another directory; if ${owner} is gone for good, remove ${join(directory, markerName)}`,
    );
  if (owner !== undefined || !mayRemove) return;
  const content = await contentOf(directory);
  if (content.length)
    throw new Error(
      `\`removeData\` is set, and \`directory\` ${directory} holds files that are not of this project (${content.slice(0, 3).join(", ")}): choose another directory, or do not set \`removeData\``,
    );
}

/** The names in a directory, except for our marker; none if the directory does not exist. */
async function contentOf(directory: string): Promise<string[]> {
  const names = await readdir(directory).catch(() => []);
  return names.filter((name) => !name.startsWith(markerName));
}

/** Makes the directory, its folders, its marker and the sentinel in the data, if they are missing. */
export async function prepare(directory: string, name: string, sentinel: string): Promise<void> {
  try {
    const foreign = (await ownerOf(directory)) === undefined && (await contentOf(directory)).length > 0;
    await mkdir(directory, { recursive: true, mode: 0o755 });
    // A directory without a marker can be used, but is never removed.
    if (!foreign) await writeAtomically(join(directory, markerName), `${name}\n`);
    for (const folder of folders) await mkdir(join(directory, folder), { recursive: true, mode: 0o755 });
    await writeFile(join(directory, "data", sentinelName), `${sentinel}\n`, { flag: "wx" }).catch((error) => {
      if (error.code !== "EEXIST") throw error;
    });
  } catch (error) {
    throw notAllowed(error, "making", directory);
  }
}

/** Whether the directory and its folders exist. */
export async function isThere(directory: string): Promise<boolean> {
  const all = await Promise.all(
    folders.map((folder) => stat(join(directory, folder)).catch(() => undefined)),
  );
  return all.every((found) => found?.isDirectory());
}

/** Keeps the data, and records in the marker that its export is gone. */
export async function release(directory: string, name: string): Promise<void> {
  if ((await ownerOf(directory)) === name) await writeAtomically(join(directory, markerName), "\n");
}

/**
 * Deletes the directory with its content, if it exists.
 *
 * @throws if it has no marker of ours, or that of another export
 */
export async function remove(directory: string, name: string): Promise<void> {
  const real = await realpath(directory).catch(() => undefined);
  if (real === undefined) return;
  const owner = await ownerOf(real);
  if (owner !== name || dirname(real) === real)
    throw new Error(
      `${directory} is not deleted: ${owner ? `it belongs to the export ${owner}` : "this project did not make it"}. Delete it yourself, or set \`removeData\` to false`,
    );
  try {
    // The marker is deleted last, so that an interrupted deletion can be repeated.
    for (const entry of await readdir(real))
      if (entry !== markerName) await rm(join(real, entry), { recursive: true, force: true });
    await rm(join(real, markerName), { force: true });
    await rmdir(real);
    if (real !== directory) await rm(directory, { force: true });
  } catch (error) {
    throw notAllowed(error, "deleting", directory);
  }
}
