import { mkdir, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { writeIfChanged } from "../local/files";
import type { Layout } from "./layout";
import { runIn } from "./namespace";
import { alive, end } from "./process";

/** Quotes a string for ganesha's configuration, with backslash escapes. */
export function ganeshaString(text: string): string {
  if (/[\n\r]/.test(text)) throw new Error(`ganesha's configuration cannot hold ${JSON.stringify(text)}`);
  return `"${text.replace(/[\\"]/g, "\\$&")}"`;
}

/**
 * Seconds for which a silent client keeps its locks. ganesha counts whole seconds, and checks for expired leases only
 * twice in this time, so a lock is free after 11 to 17 s. That is more than the `watchdog` of 10 s, and like the 15 s
 * of a server that checks at once, or a little more.
 */
const leaseTime = 11;

/** ganesha's main configuration: NFSv4 only. A new lock waits for the grace time after a restart. */
export function ganeshaConfiguration(address: string, recovery: string, exportsIndex: string): string {
  return `NFS_CORE_PARAM {
  Protocols = 4;
  Bind_addr = ${address};
  Enable_NLM = false;
  Enable_RQUOTA = false;
}
NFSv4 {
  Lease_Lifetime = ${leaseTime};
  Grace_Period = 20;
  Minor_Versions = 1, 2;
  Delegations = false;
  Only_Numeric_Owners = true;
  RecoveryBackend = fs;
  RecoveryRoot = ${ganeshaString(recovery)};
}
%include ${ganeshaString(exportsIndex)}
`;
}

/** The process id of the lab's ganesha; undefined if it does not run. */
export const ganeshaPid = (paths: Layout, inode: number): number | undefined =>
  alive(paths.nfs.pidFile, paths.nfs.configuration, inode);

/** Whether a process listens on the NFS port, in its own network namespace. No connection is made. */
async function listens(pid: number): Promise<boolean> {
  const sockets = await Promise.all(
    ["tcp", "tcp6"].map((table) => readFile(`/proc/${pid}/net/${table}`, "utf8").catch(() => "")),
  );
  // Local address and port 2049 in hexadecimal, the remote one, state 0A: listening.
  return /^\s*\d+: \w+:0801 \w+:0000 0A /m.test(sockets.join("\n"));
}

/** Starts the lab's NFS server unless it runs; returns when it listens. */
export async function startGanesha(
  paths: Layout,
  namespace: { name: string; inode: number },
  address: string,
): Promise<void> {
  const { nfs } = paths;
  for (const folder of [nfs.exportsDirectory, nfs.recovery, nfs.data])
    await mkdir(folder, { recursive: true });
  if ((await readFile(nfs.exportsIndex, "utf8").catch(() => undefined)) === undefined) {
    await writeIfChanged(nfs.exportsIndex, "# one %include a line\n");
  }
  const changed = await writeIfChanged(
    nfs.configuration,
    ganeshaConfiguration(address, nfs.recovery, nfs.exportsIndex),
  );
  const running = (): number | undefined => ganeshaPid(paths, namespace.inode);
  const pid = running();
  if (pid !== undefined) {
    if (!changed && (await listens(pid))) return;
    await end(pid, () => running() !== undefined);
  }
  await runIn(
    namespace.name,
    ["ganesha.nfsd", "-f", nfs.configuration, "-L", nfs.log, "-p", nfs.pidFile, "-N", "NIV_EVENT"],
    { timeout: 30_000 },
  );
  const deadline = Date.now() + 20_000;
  for (;;) {
    const started = running();
    if (started !== undefined && (await listens(started))) return;
    if (Date.now() > deadline) {
      const said = (await readFile(nfs.log, "utf8").catch(() => "")).trim().split("\n").slice(-10).join("\n");
      throw new Error(
        `the lab's NFS server does not listen on ${address}:2049; its log ${nfs.log} says:\n${said}`,
      );
    }
    await sleep(50);
  }
}
