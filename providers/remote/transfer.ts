import { open, rm } from "node:fs/promises";
import { type RunResult, tryRun } from "../../local/run";
import { shownEndpoint } from "./dial";
import { openSshOptions, type SshEndpoint } from "./endpoint";
import { lastLines } from "./ssh";

/*
 * Transfers files of any size to and from a node with OpenSSH's client, so the data does not pass through this process.
 */

/** The arguments that log in to a node. */
const sshWords = (ssh: SshEndpoint): string[] => [
  ...openSshOptions(ssh),
  ...["-p", String(ssh.port)],
  `${ssh.user}@${ssh.host}`,
];

export interface TransferOptions {
  /** Milliseconds for the whole transfer. */
  timeout: number;
}

/** Characters that a node may say beside a file. */
const mostOutput = 2 ** 20;

/** Milliseconds between two looks at how large a file has become. */
const lookInterval = 200;

function checked(ssh: SshEndpoint, { code, stdout, stderr }: RunResult): string {
  if (code === 0) return stdout;
  throw new Error(
    `${shownEndpoint(ssh)}: ${lastLines(stderr || stdout) || `the command ended with code ${code}`}`,
  );
}

/**
 * Runs a command line on a node with a file of this machine as its standard input.
 *
 * @returns its output
 * @throws with the end of what it said if it failed
 */
export async function pour(
  ssh: SshEndpoint,
  file: string,
  command: string,
  { timeout }: TransferOptions,
): Promise<string> {
  const handle = await open(file, "r");
  try {
    const options = { inputFile: handle.fd, timeout, mostOutput };
    return checked(ssh, await tryRun("ssh", [...sshWords(ssh), command], options));
  } finally {
    await handle.close();
  }
}

/**
 * Runs a command line on a node and writes its output to a new file of this machine, which only its owner can read.
 *
 * @param most bytes that the file may have: a node could fill the disk
 * @throws with the end of its error text if it failed; an incomplete file is left then
 */
export async function draw(
  ssh: SshEndpoint,
  command: string,
  file: string,
  { timeout, most = Number.POSITIVE_INFINITY }: TransferOptions & { most?: number },
): Promise<void> {
  // A file that is there may be somebody's, or a link; what an interrupted run left goes.
  await rm(file, { force: true });
  const handle = await open(file, "wx", 0o600);
  const tooLarge = new AbortController();
  const look = async (): Promise<void> => {
    if ((await handle.stat()).size > most) tooLarge.abort();
  };
  const looking = setInterval(() => look().catch(() => {}), lookInterval);
  try {
    const options = { outputFile: handle.fd, timeout, mostOutput, signal: tooLarge.signal };
    checked(ssh, await tryRun("ssh", [...sshWords(ssh), command], options));
    await look();
    await handle.sync();
  } catch (error) {
    if (!tooLarge.signal.aborted) throw error;
  } finally {
    clearInterval(looking);
    await handle.close();
  }
  if (tooLarge.signal.aborted)
    throw new Error(`${shownEndpoint(ssh)} sends more than the ${most} bytes that it said`);
}
