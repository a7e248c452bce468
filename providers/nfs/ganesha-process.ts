import { open, readFile, stat } from "node:fs/promises";
import { basename } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pidIn } from "../../local/process";
import { textOf } from "../../local/text";

/** A running ganesha. */
export interface Ganesha {
  pid: number;
  logFile: string;
}

/** ganesha's default log file, without `-L`. */
const defaultLog = "/var/log/ganesha/ganesha.log";

/** The ganesha whose process id is in a file; undefined if it does not run, or if another program has the id. */
export async function findGanesha(pidFile: string): Promise<Ganesha | undefined> {
  const pid = pidIn(await textOf(pidFile));
  if (pid === undefined) return undefined;
  const words = await readFile(`/proc/${pid}/cmdline`, "utf8").then(
    (text) => text.split("\0"),
    () => [""],
  );
  if (!words.slice(0, 2).some((word) => basename(word).startsWith("ganesha.nfsd"))) return undefined;
  const log = words.indexOf("-L");
  return { pid, logFile: (log > 0 && words[log + 1]) || defaultLog };
}

const received = /Received SIGHUP/g;

/** Milliseconds for one reload; measured: well under 500. */
const reloadLimit = 20_000;

async function appended(file: string, from: number): Promise<string> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    // The log was rotated: read it from its beginning.
    const start = size < from ? 0 : from;
    const buffer = Buffer.alloc(size - start);
    await handle.read(buffer, 0, buffer.length, start);
    return buffer.toString();
  } finally {
    await handle.close();
  }
}

/**
 * Makes ganesha read its exports again, and returns its log of that.
 *
 * ganesha gets the signal twice. It handles signals one after the other, so the beginning of the second reload marks
 * the end of the first one with all its errors. Its own "Reread exports complete" comes before these errors.
 */
export async function reload({ pid, logFile }: Ganesha): Promise<string> {
  const { size } = await stat(logFile).catch((error: Error) => {
    throw new Error(
      `ganesha's log ${logFile} cannot be read (${error.message}), so nobody could tell whether it takes an export: start it with \`-L FILE\``,
    );
  });
  const deadline = Date.now() + reloadLimit;
  let said = "";
  for (let round = 1; round <= 2; round++) {
    process.kill(pid, "SIGHUP");
    for (;;) {
      said = await appended(logFile, size);
      if ((said.match(received) ?? []).length >= round) break;
      if (Date.now() > deadline)
        throw new Error(
          `ganesha (process ${pid}) did not read its exports again within ${reloadLimit / 1000} s: look at its log ${logFile}, or start it again`,
        );
      await sleep(20);
    }
  }
  return said.slice(said.search(received), lastIndexOf(said, received));
}

function lastIndexOf(text: string, pattern: RegExp): number {
  return [...text.matchAll(pattern)].at(-1)?.index ?? text.length;
}

/**
 * The errors in a reload that keep a file's export from being served; else nothing. Errors in other files count only if
 * ganesha aborted the reload because of them.
 */
export function complaints(log: string, file: string): string[] {
  const serious = log.split("\n").filter((line) => /:(CRIT|MAJ|FATAL) :/.test(line));
  const ours = serious.some((line) => line.includes(file) || line.includes("Error while parsing"));
  return ours ? serious.slice(0, 10).map((line) => line.replace(/^.*? :(CRIT|MAJ|FATAL) :/, "")) : [];
}
