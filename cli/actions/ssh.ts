import { Failure } from "../../local/errors";
import { handOver } from "../../local/foreground";
import type { KnownNode, KnownStack } from "../../stack/known-stack";
import { knownNode } from "../../stack/operate";
import { callerFolder } from "../caller";

export interface SshOptions {
  /** The node's name. */
  node: string;
  /** What to run there; none: the login shell. OpenSSH joins it with blanks, and the login shell there reads it. */
  command: string[];
}

/** A path as OpenSSH's options have it: `%` begins what it fills in, and blanks part two files. */
const asFile = (path: string): string => `"${path.replaceAll("%", "%%")}"`;

/**
 * The words for OpenSSH's client. The key is named by its file. Nothing of the user's own configuration counts, which
 * could take another host key for the pinned one.
 */
export function sshArguments(node: KnownNode, command: readonly string[]): string[] {
  const options = [
    "IdentitiesOnly=yes",
    "StrictHostKeyChecking=yes",
    `UserKnownHostsFile=${asFile(node.knownHostsFile)}`,
    "GlobalKnownHostsFile=/dev/null",
    "ConnectTimeout=20",
    "ServerAliveInterval=5",
    "ServerAliveCountMax=3",
    "LogLevel=ERROR",
  ];
  return [
    ...["-F", "none", "-i", node.keyFile, "-p", String(node.port)],
    ...options.flatMap((option) => ["-o", option]),
    `${node.user}@${node.host ?? node.address}`,
    ...(command.length > 0 ? ["--", ...command] : []),
  ];
}

/**
 * Logs in to a node with the key and the pinned host key of its stack, and gives it the terminal.
 *
 * @returns the exit code of what ran there; 255 if the login failed
 */
export async function ssh(known: KnownStack, { node: name, command }: SshOptions): Promise<number> {
  const node = knownNode(known, name);
  if (!node.hostKey)
    throw new Failure(
      `${name} has not been up yet, so its host key is not known: \`npm run up\` finishes it`,
    );
  const args = sshArguments(node, command);
  return await handOver({ command: "ssh", args, env: process.env }, callerFolder());
}
