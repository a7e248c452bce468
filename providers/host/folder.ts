import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { writePrivate } from "../../local/files";
import type { SshEndpoint } from "../remote/endpoint";
import { knownHostsLine } from "../remote/known-hosts";

/** The file for the key, unless the key is in a file already. */
export const ownKeyFile = (directory: string): string => join(directory, "id");
export const knownHostsFile = (directory: string): string => join(directory, "known_hosts");

/** Writes the files that ssh and docker need: the pinned host key, and the key unless it is in a file already. */
export async function writeFolder(directory: string, ssh: SshEndpoint): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await writePrivate(ssh.knownHostsFile, knownHostsLine(ssh.host, ssh.port, ssh.hostKey));
  if (ssh.keyFile === ownKeyFile(directory))
    await writePrivate(ssh.keyFile, ssh.privateKey.endsWith("\n") ? ssh.privateKey : `${ssh.privateKey}\n`);
}
