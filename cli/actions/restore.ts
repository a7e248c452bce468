import { open } from "node:fs/promises";
import { linkedProgram } from "../../domain/node-set";
import { callOf, callOn } from "../../local/called";
import { Failure } from "../../local/errors";
import type { SshEndpoint } from "../../providers/remote/endpoint";
import { asRoot, exec, execOk, lastLines } from "../../providers/remote/ssh";
import { pour } from "../../providers/remote/transfer";
import type { KnownStack } from "../../stack/known-stack";
import { askNodes } from "../../stack/measure";
import { needsService } from "../../stack/needs-service";
import { type NodeReport, wordsOf } from "../../stack/node-report";
import { endpointOf, knownNode } from "../../stack/nodes";
import { fromCaller } from "../caller";
import { confirm } from "../ui/confirm";

const say = (line: string): void => void process.stdout.write(`${line}\n`);

export interface RestoreOptions {
  stack: string;
  /** Wait for who works on the stack. */
  wait?: boolean;
  /** An archive of `backup`. */
  file: string;
  /** Do not ask. */
  yes?: boolean;
}

/** Milliseconds that the upload of the archive may take, and the restore on the node. */
const limit = 3 * 3_600_000;

/** Where the node's scripts are, and where the archive is during the restore. */
const onNode = { scripts: linkedProgram("backup"), staging: "/var/lib/ha-rancher/restore" };

/**
 * The node that restores: the owner of the lease. If the service does not start, nobody may own it: then the VIP's
 * holder.
 */
export function restoringNode(reports: NodeReport[]): string {
  const found =
    reports.find(({ status }) => status?.lease?.heldHere) ??
    reports.find(({ status }) => status?.holdsVip) ??
    reports.find(({ status }) => status?.agent?.state === "standby");
  if (found) return found.name;
  const what = reports.map((report) => `${report.name}: ${wordsOf(report)}`);
  throw new Failure(
    `no node can restore (${what.join("; ")}): \`${callOf("up")}\` brings the nodes and their agents back`,
  );
}

/** Uploads an archive to a node and restores it there. */
export async function restoreOn(
  ssh: SshEndpoint,
  name: string,
  archive: string,
  { scripts, staging } = onNode,
): Promise<void> {
  say(`${archive} goes to ${name}, which looks whether it is whole, and of the right version`);
  const receive = `umask 077 && rm -rf ${staging} && mkdir -p ${staging} && cat >${staging}/archive.tar`;
  try {
    await pour(ssh, archive, asRoot(ssh, receive), { timeout: limit });
    const line = asRoot(ssh, `${scripts}/restore ${staging}/archive.tar`);
    const { code, stdout, stderr } = await exec(ssh, line, { timeout: limit });
    if (code !== 0) throw new Failure(`${name}: ${lastLines(stderr) || `restore ended with code ${code}`}`);
    say(`${name}: ${lastLines(stdout)}`);
  } finally {
    await execOk(ssh, asRoot(ssh, `rm -rf ${staging}`)).catch(() => {
      // The node is gone; the next restore removes the files.
    });
  }
}

/**
 * Replaces the service's data with that of a backup, after a confirmation. The archive is checked before anything is
 * touched.
 *
 * @returns 0
 * @throws Failure if it was refused or failed; the data is then unchanged, unless the message says otherwise
 */
export async function restore(known: KnownStack, { stack, file, yes }: RestoreOptions): Promise<number> {
  needsService(known, "there is no shared data to restore");
  const archive = fromCaller(file);
  const handle = await open(archive, "r").catch((error: Error) => {
    throw new Failure(`${archive} cannot be read: ${error.message}`);
  });
  await handle.close();
  const name = restoringNode(await askNodes(known.nodes));
  if (!yes)
    await confirm({
      title: `This would be replaced by what is in ${archive}:`,
      losses: [`the data of the stack ${stack} (${known.url})`],
      message: "Replace the data?",
      unasked: callOn(stack, "restore", "--yes", file),
    });
  await restoreOn(await endpointOf(knownNode(known, name)), name, archive);
  return 0;
}
