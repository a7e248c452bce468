import { mkdir, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { SshEndpoint } from "../remote/endpoint";

/** Where the key is written if it is not in a file already. */
export const ownKeyFile = (directory: string): string => join(directory, "id");
export const knownHostsFile = (directory: string): string => join(directory, "known_hosts");

/** Writes a file that is whole or absent at every moment, readable by its owner only. */
async function writePrivate(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text, { mode: 0o600 });
  await rename(`${file}.new`, file);
}

/** Writes what programs want as files (ssh, docker): the pinned host key, and the key unless it is a file already. */
export async function writeFolder(directory: string, ssh: SshEndpoint): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const where = ssh.port === 22 ? ssh.host : `[${ssh.host}]:${ssh.port}`;
  await writePrivate(ssh.knownHostsFile, `${where} ${ssh.hostKey}\n`);
  if (ssh.keyFile === ownKeyFile(directory))
    await writePrivate(ssh.keyFile, ssh.privateKey.endsWith("\n") ? ssh.privateKey : `${ssh.privateKey}\n`);
}

/** Removes the folder, and the one above it if that is empty then. */
export async function removeFolder(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true });
  try {
    await rmdir(dirname(directory));
  } catch {
    // Others are in it.
  }
}
