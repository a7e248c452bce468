import { mkdir, readdir, rename, rm, stat, statfs } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { linkedProgram } from "../../domain/node-set";
import { shellQuote } from "../../domain/shell-quote";
import { shownLine } from "../../domain/shown-text";
import { callOf } from "../../local/called";
import { Failure } from "../../local/errors";
import { dataHome } from "../../local/paths";
import { sha256Of } from "../../local/sha256";
import type { SshEndpoint } from "../../providers/remote/endpoint";
import { asRoot, exec, execOk, lastLines } from "../../providers/remote/ssh";
import { draw } from "../../providers/remote/transfer";
import { checkSettingsFile } from "../../settings/file";
import type { KnownStack } from "../../stack/known-stack";
import { askNodes } from "../../stack/measure";
import { needsService } from "../../stack/needs-service";
import { type NodeReport, wordsOf } from "../../stack/node-report";
import { endpointOf, knownNode } from "../../stack/nodes";
import { existingStackFile } from "../../stack/stack-file";
import { fromCaller } from "../caller";

const say = (line: string): void => void process.stdout.write(`${line}\n`);

export interface BackupOptions {
  stack: string;
  /** Wait for who works on the stack. */
  wait?: boolean;
  /** A file, or a folder; default: {@link backupFolder}. */
  to?: string | undefined;
}

/** Milliseconds that the backup on the node may take, and its download. */
const limit = 2 * 3_600_000;

/** Where the node's scripts are, and where a backup is until it is downloaded. */
const onNode = { scripts: linkedProgram("backup"), staging: "/var/lib/ha-rancher/backup" };

/** The default folder for backups of a stack. */
const backupFolder = (stack: string): string => join(dataHome(), "backups", stack);

/** The names of the backups to remove, so that only the newest `keep` stay. */
export const surplus = (names: string[], keep: number): string[] =>
  names
    .filter((name) => /^rancher-\d{8}T\d{6}Z\.tar$/.test(name))
    .sort()
    .slice(0, -keep);

/** Milliseconds that a node's clock may be ahead. */
const clockSlack = 86_400_000;

/**
 * The name of a backup here. A node chooses it, so that it must be one of backups, and not of a time to come: the oldest
 * are removed by their names.
 *
 * @param archive the file on the node
 * @throws Failure if it is no name of a backup
 */
export function backupName(archive: string, node: string, now = Date.now()): string {
  const name = basename(archive);
  const [, year, month, day, hour, minute, second] =
    /^rancher-(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z\.tar$/.exec(name) ?? [];
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (Number.isNaN(time))
    throw new Failure(
      `${node} calls its backup ${shownLine(name, 60)}, which is no name of one; nothing was kept`,
    );
  if (time > now + clockSlack)
    throw new Failure(`${node} made a backup of ${shownLine(name, 60)}, a time to come: set its clock`);
  return name;
}

/** The active node, by the nodes' reports. */
export function activeNode(reports: NodeReport[]): string {
  const active = reports.filter(({ status }) => status?.agent?.state === "active");
  const [only] = active;
  if (only && active.length === 1) return only.name;
  const what = reports.map((report) => `${report.name}: ${wordsOf(report)}`);
  throw new Failure(
    `no node serves, so there is nothing to make a backup of (${what.join("; ")}): \`${callOf("status")}\` says more`,
  );
}

async function meansFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (found && !found.isDirectory())
    throw new Failure(`${path} is there already: name another file with \`--to\`, or a folder`);
  return found !== undefined || path.endsWith("/");
}

/** Where a backup goes: a file, or a folder in which only the newest backups stay. */
export interface Destination {
  path: string;
  isFolder: boolean;
  keep: number;
}

/** Bytes that stay free where a backup is kept: this machine has other things to do. */
const spare = 64 * 2 ** 20;

/** Bytes of an archive, as its node says. @throws Failure if there is no room for it in the folder */
async function roomFor(ssh: SshEndpoint, node: string, archive: string, path: string): Promise<number> {
  const { stdout } = await execOk(ssh, asRoot(ssh, `stat --format %s -- ${shellQuote(archive)}`));
  if (!/^\d{1,15}\n$/.test(stdout)) throw new Failure(`${node} does not say how large its backup is`);
  const size = Number(stdout);
  const { bavail, bsize } = await statfs(path);
  if (size + spare > bavail * bsize)
    throw new Failure(
      `${path} has no room for the backup, which is on ${node} (${archive}, ${size} bytes): make room, or name another place with \`--to\``,
    );
  return size;
}

/**
 * Makes a backup on a node and downloads it.
 *
 * @returns its file
 */
export async function bringBackup(
  ssh: SshEndpoint,
  name: string,
  { path, isFolder, keep }: Destination,
  { scripts, staging } = onNode,
): Promise<string> {
  const made = await exec(ssh, asRoot(ssh, `${scripts}/backup ${staging} 1`), { timeout: limit });
  const archive = made.stdout.trim();
  if (made.code !== 0 || !archive)
    throw new Failure(`${name}: ${lastLines(made.stderr) || `backup ended with code ${made.code}`}`);
  for (const line of lastLines(made.stderr).split("\n")) if (line) say(`${name}: ${line}`);
  const file = isFolder ? join(path, backupName(archive, name)) : path;
  const draft = `${file}.new`;
  try {
    const most = await roomFor(ssh, name, archive, dirname(file));
    await draw(ssh, asRoot(ssh, `cat ${shellQuote(archive)}`), draft, { timeout: limit, most });
    const { stdout } = await execOk(ssh, asRoot(ssh, `sha256sum ${shellQuote(archive)}`), { timeout: limit });
    if (!stdout.startsWith(`${await sha256Of(draft)} `))
      throw new Failure(`the backup is not the same here as on ${name}: ${archive} there is the right one`);
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  await execOk(ssh, asRoot(ssh, `rm -rf ${staging}`));
  if (isFolder) for (const old of surplus(await readdir(path), keep)) await rm(join(path, old));
  return file;
}

/**
 * Makes a backup on the active node and downloads it.
 *
 * @returns 0
 * @throws Failure if no node serves, or the backup could not be made; the service goes on
 */
export async function backup(known: KnownStack, { stack, to }: BackupOptions): Promise<number> {
  needsService(known, "there is no shared data to make a backup of: what runs on the nodes has its own");
  const settings = checkSettingsFile(existingStackFile(stack));
  const { keep } = settings.backup;
  const given = to === undefined ? `${backupFolder(stack)}/` : fromCaller(to) + (to.endsWith("/") ? "/" : "");
  const isFolder = await meansFolder(given);
  const path = resolve(given);
  await mkdir(isFolder ? path : dirname(path), { recursive: true, mode: 0o700 });
  const name = activeNode(await askNodes(known.nodes));
  const how = settings.container?.backup
    ? "the service goes on"
    : "the service stops while its data is copied";
  say(`${name} makes a backup: ${how}`);
  const file = await bringBackup(await endpointOf(knownNode(known, name)), name, { path, isFolder, keep });
  say(`${file} (${((await stat(file)).size / 1e6).toFixed(1)} MB)`);
  return 0;
}
