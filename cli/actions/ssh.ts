import { callOf } from "../../local/called";
import { passedOn } from "../../local/child-environment";
import { Failure } from "../../local/errors";
import { handOver } from "../../local/foreground";
import { pinnedSshWords } from "../../providers/remote/endpoint";
import type { KnownNode, KnownStack } from "../../stack/known-stack";
import { knownNode } from "../../stack/nodes";
import { callerFolder } from "../caller";

export interface SshOptions {
  /** The node's name. */
  node: string;
  /**
   * The command to run; empty: the login shell. OpenSSH joins the words with spaces, and the node's login shell parses
   * them.
   */
  command: string[];
}

/** The arguments of OpenSSH's client. The key is given as a file, and no configuration of the user's is read. */
export function sshArguments(node: KnownNode, command: readonly string[]): string[] {
  const options = ["ConnectTimeout=20", "ServerAliveInterval=5", "ServerAliveCountMax=3", "LogLevel=ERROR"];
  return [
    ...pinnedSshWords(node),
    ...["-p", String(node.port)],
    ...options.flatMap((option) => ["-o", option]),
    `${node.user}@${node.host ?? node.address}`,
    ...(command.length > 0 ? ["--", ...command] : []),
  ];
}

/**
 * Logs in to a node with the stack's key and the pinned host key, on this terminal.
 *
 * @returns the exit code of what ran there; 255 if the login failed
 */
export async function ssh(known: KnownStack, { node: name, command }: SshOptions): Promise<number> {
  const node = knownNode(known, name);
  if (!node.hostKey)
    throw new Failure(
      `${name} has not been up yet, so its host key is not known: \`${callOf("up")}\` finishes it`,
    );
  const args = sshArguments(node, command);
  return await handOver({ command: "ssh", args, env: passedOn(process.env) }, callerFolder());
}
