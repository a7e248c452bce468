import { constants } from "node:fs";
import { chmod, lstat, mkdir, open, readdir, realpath, rm, rmdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { writeAtomically } from "../../local/files";

/*
 * The directory behind an export. A marker beside it names the export for which this project made it. Directories without
 * a marker are never deleted, and no two exports share one. Whoever is root on a node can put anything into the directory
 * itself: nothing in it is believed, and no link in it is followed.
 */

/** The marker is beside the directory, where no node can reach it. */
const markerSuffix = ".ha-rancher-export";

/** Where former versions had it: in what nodes can write. */
const formerMarkerName = ".ha-rancher-export";

/** The sentinel file, which the agent reads before it starts anything on the data. */
const sentinelName = ".ha-rancher-sentinel";

/** The folders in it: `data`, which only one node mounts, and `lease`, which all nodes mount. */
const folders = ["data", "lease"];

/** What a marker says: an export's name, or nothing if that export is gone. */
const markerForm = /^(?:[A-Za-z0-9][\w.-]{0,62})?\n?$/;

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

/** A directory as it is without links on the way to it, whether it exists or not. */
async function realPath(directory: string): Promise<string> {
  try {
    return await realpath(directory);
  } catch {
    const above = await realpath(dirname(directory)).catch(() => dirname(directory));
    return join(above, basename(directory));
  }
}

/** @param real see {@link realPath} */
const markerOf = (real: string): string => `${real}${markerSuffix}`;

/** What a marker says; undefined if there is none, or if it is none of ours. */
async function markerText(file: string): Promise<string | undefined> {
  const handle = await open(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch(() => undefined);
  if (!handle) return undefined;
  try {
    if (!(await handle.stat()).isFile()) return undefined;
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(128), 0, 128, 0);
    const text = buffer.toString("utf8", 0, bytesRead);
    return markerForm.test(text) ? text.trim() : undefined;
  } finally {
    await handle.close();
  }
}

/** The export that a directory belongs to; "" if its export is gone, undefined if the directory is not ours. */
async function ownerOf(real: string): Promise<string | undefined> {
  return (await markerText(markerOf(real))) ?? (await markerText(join(real, formerMarkerName)));
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
  const real = await realPath(directory);
  const owner = await ownerOf(real);
  if (owner !== undefined && owner !== "" && owner !== name)
    throw new Error(
      `\`directory\` ${directory} belongs to the export ${owner}: two stacks on the same data destroy it. Choose another directory; if ${owner} is gone for good, remove ${markerOf(real)}`,
    );
  if (owner !== undefined || !mayRemove) return;
  const content = await contentOf(real);
  if (content.length)
    throw new Error(
      `\`removeData\` is set, and \`directory\` ${directory} holds files that are not of this project (${content.slice(0, 3).join(", ")}): choose another directory, or do not set \`removeData\``,
    );
}

/** The names in a directory; none if the directory does not exist. */
async function contentOf(directory: string): Promise<string[]> {
  const names = await readdir(directory).catch(() => []);
  return names.filter((name) => name !== formerMarkerName);
}

/** A link here would lead to any place of this machine. */
async function isFolder(path: string): Promise<boolean> {
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (found && !found.isDirectory())
    throw new Error(
      `${path} is a link or a file, which a node or somebody else put there: look at it, and remove it`,
    );
  return found !== undefined;
}

/** Makes the directory, its folders, its marker and the sentinel in the data, if they are missing. */
export async function prepare(directory: string, name: string, sentinel: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o755 });
    const real = await realPath(directory);
    const foreign = (await ownerOf(real)) === undefined && (await contentOf(real)).length > 0;
    if (!foreign) await mark(real, name);
    for (const folder of folders) {
      const path = join(real, folder);
      if (!(await isFolder(path))) await mkdir(path, { mode: 0o755 });
    }
    await writeSentinel(join(real, "data"), sentinel);
  } catch (error) {
    throw notAllowed(error, "making", directory);
  }
}

/** A directory without a marker can be used, but is never removed. */
async function mark(real: string, name: string): Promise<void> {
  try {
    await writeAtomically(markerOf(real), `${name}\n`);
  } catch (error) {
    // Somebody made it for us, in a folder that is not ours.
    if (["EACCES", "EPERM", "EROFS"].includes((error as NodeJS.ErrnoException).code ?? "")) return;
    throw error;
  }
  await rm(join(real, formerMarkerName), { force: true });
  // Nodes are root in it and may leave setuid programs there, which other users of this machine must not reach.
  await chmod(real, 0o700);
}

/** Never overwrites one. The folder is held open, so that it cannot become a link meanwhile. */
async function writeSentinel(data: string, sentinel: string): Promise<void> {
  const folder = await open(data, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  try {
    const path = process.platform === "linux" ? `/proc/self/fd/${folder.fd}` : data;
    const file = await open(join(path, sentinelName), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o644);
    await file.writeFile(`${sentinel}\n`).finally(() => file.close());
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    await folder.close();
  }
}

/** Whether the directory and its folders exist, and are no links. */
export async function isThere(directory: string): Promise<boolean> {
  const all = await Promise.all(
    folders.map((folder) => lstat(join(directory, folder)).catch(() => undefined)),
  );
  return all.every((found) => found?.isDirectory());
}

/** Keeps the data, and records in the marker that its export is gone. */
export async function release(directory: string, name: string): Promise<void> {
  const real = await realPath(directory);
  if ((await ownerOf(real)) !== name) return;
  await writeAtomically(markerOf(real), "\n");
  await rm(join(real, formerMarkerName), { force: true });
}

/**
 * Deletes the directory with its content, if it exists.
 *
 * @throws if it has no marker of ours, or that of another export
 */
export async function remove(directory: string, name: string): Promise<void> {
  const real = await realPath(directory);
  const marker = markerOf(real);
  const exists = (await lstat(real).catch(() => undefined)) !== undefined;
  const owner = await ownerOf(real);
  if (!exists && owner !== name) return;
  if (owner !== name || dirname(real) === real)
    throw new Error(
      `${directory} is not deleted: ${owner ? `it belongs to the export ${owner}` : "this project did not make it"}. Delete it yourself, or set \`removeData\` to false`,
    );
  try {
    // A former marker inside is deleted last, and the one beside after all: an interrupted deletion can be repeated.
    for (const entry of await readdir(real).catch(() => []))
      if (entry !== formerMarkerName) await rm(join(real, entry), { recursive: true, force: true });
    await rm(join(real, formerMarkerName), { force: true });
    if (exists) await rmdir(real);
    await rm(marker, { force: true });
    if (real !== directory) await rm(directory, { force: true });
  } catch (error) {
    throw notAllowed(error, "deleting", directory);
  }
}
