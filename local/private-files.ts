import { chmod, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

/** Where a file is written before it gets its name. */
export const draftOf = (file: string): string => `${file}.new`;

/** Writes a file that is whole or absent at every moment, readable by its owner only. */
export async function writePrivate(file: string, text: string): Promise<void> {
  const draft = draftOf(file);
  await writeFile(draft, text, { mode: 0o600 });
  await chmod(draft, 0o600);
  await rename(draft, file);
}

/** A line of known_hosts, which names the port only if it is not 22. */
export const knownHostsLine = (host: string, port: number, hostKey: string): string =>
  `${port === 22 ? host : `[${host}]:${port}`} ${hostKey}\n`;

/** Removes the folder of a machine or a host, and the one above it if that is empty then. */
export async function removeFolder(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true });
  try {
    await rmdir(dirname(directory));
  } catch {
    // Others are in it.
  }
}
