import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, writeSync } from "node:fs";
import { mkdir, open, readFile, rename, rm, rmdir } from "node:fs/promises";
import { basename, dirname } from "node:path";

/** The name of a file while it is written. Each process has its own. */
const draftOf = (file: string): string => `${file}.${process.pid}.new`;

/** Whether a name in the file's folder is a draft of the file. A killed process may leave one. */
export const isDraftOf = (file: string, name: string): boolean =>
  name.startsWith(`${basename(file)}.`) && /\.\d+\.new$/.test(name);

/**
 * Writes a file so that readers find either the old content or the new one, even after a power failure. Missing folders
 * are made.
 *
 * @param mode of the file, whatever it was before; default 0644
 */
export async function writeAtomically(file: string, content: string, mode = 0o644): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const draft = draftOf(file);
  const handle = await open(draft, "w", mode);
  try {
    // An old draft keeps its mode, and the umask reduces the mode of a new one.
    await handle.chmod(mode);
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, file);
  const folder = await open(dirname(file), "r");
  await folder.sync().finally(() => folder.close());
}

/** Like {@link writeAtomically}, but synchronous. */
export function writeAtomicallySync(file: string, content: string | Buffer): void {
  mkdirSync(dirname(file), { recursive: true });
  const draft = draftOf(file);
  const synced = (path: string, flags: string, write: (handle: number) => void): void => {
    const handle = openSync(path, flags);
    try {
      write(handle);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  };
  synced(draft, "w", (handle) => {
    const bytes = Buffer.from(content);
    for (let done = 0; done < bytes.length; ) done += writeSync(handle, bytes, done);
  });
  renameSync(draft, file);
  synced(dirname(file), "r", () => {});
}

/** Writes a file that only its owner may read. */
export const writePrivate = (file: string, content: string): Promise<void> =>
  writeAtomically(file, content, 0o600);

/** Like {@link writeAtomically}, unless the file has that text already. Returns whether it was written. */
export async function writeIfChanged(file: string, text: string): Promise<boolean> {
  if ((await readFile(file, "utf8").catch(() => undefined)) === text) return false;
  await writeAtomically(file, text);
  return true;
}

/** The JSON in a file, or undefined if there is no such file or no JSON in it. */
export async function readJson<T>(file: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as T;
  } catch {
    return undefined;
  }
}

/** Removes a folder with its content, and the folder above it if that is then empty. */
export async function removeFolder(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true });
  try {
    await rmdir(dirname(directory));
  } catch {
    // It is not empty.
  }
}
