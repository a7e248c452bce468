import { shellQuote } from "../../domain/shell-quote";
import { shownLines } from "../../domain/shown-text";
import { asCalled } from "../../local/called";
import { closeConnections, runOver } from "./connection";
import { shownEndpoint } from "./dial";
import type { SshEndpoint } from "./endpoint";
import type { Ended } from "./established";
import { rootPrefix } from "./root";

export { SshError } from "./dial";

export interface ExecOptions {
  /** Given to the command's standard input, which is closed afterwards; default: empty. */
  stdin?: string;
  /** Milliseconds for the whole call, connecting included; default 30000. */
  timeout?: number;
}

/** What a command on a node printed, and its exit code (128 + N if signal N ended it). */
export type ExecResult = Ended;

const defaultTimeout = 30_000;

/**
 * Runs a command line with the user's shell on a node and returns its output, whatever its exit code. Up to 8 commands
 * run at once on a node; further ones wait.
 *
 * @throws SshError if the node cannot be reached or logged in to, or the time is up
 */
export async function exec(
  endpoint: SshEndpoint,
  command: string,
  options: ExecOptions = {},
): Promise<ExecResult> {
  return await runOver(endpoint, command, options.stdin, options.timeout ?? defaultTimeout);
}

/** Characters of a command's output that a message may have. */
const mostShown = 8_000;

/** The last lines of a command's output, for a message: without control characters, and with our commands as they are called here. */
export function lastLines(text: string, count = 15): string {
  return asCalled(shownLines(text.slice(-mostShown).trim().split("\n").slice(-count).join("\n")));
}

/** The way out if sudo failed, and not the command. */
export function sudoHint(endpoint: SshEndpoint, { code, stderr }: ExecResult): string {
  const { user } = endpoint;
  if (code === 127 && /sudo.*not found/.test(stderr))
    return `\nWay out: install sudo on ${shownEndpoint(endpoint)}, or log in as root (\`user\`).`;
  return code === 1 && /^sudo: .*(password|terminal)|not in the sudoers|not allowed to/m.test(stderr)
    ? `\nWay out: let \`user\` ${user} become root without a password: put the line \`${user} ALL=(ALL) NOPASSWD: ALL\` into /etc/sudoers.d/${user} on ${shownEndpoint(endpoint)}.`
    : "";
}

/** Like {@link exec}, but throws unless the exit code is 0. The error has the end of the command's own error text. */
export async function execOk(
  endpoint: SshEndpoint,
  command: string,
  options: ExecOptions = {},
): Promise<ExecResult> {
  const result = await exec(endpoint, command, options);
  if (result.code !== 0)
    throw new Error(
      `a command on ${shownEndpoint(endpoint)} ended with code ${result.code}:\n${lastLines(result.stderr || result.stdout)}${sudoHint(endpoint, result)}`,
    );
  return result;
}

/** The command line that runs a POSIX shell command with root's rights. */
export function asRoot(endpoint: SshEndpoint, command: string): string {
  return `${rootPrefix(endpoint.user)}sh -c ${shellQuote(command)}`;
}

/**
 * Logs in before the first command, if one will come soon: the login takes a second on a slow machine. If it fails, the
 * later command reports that.
 */
export function connectAhead(endpoint: SshEndpoint, timeout: number): void {
  exec(endpoint, "true", { timeout }).catch(() => {});
}

/** Closes all connections of this process at once. Not needed for the process to end. */
export function closeAll(): void {
  closeConnections();
}
