import { mkdir, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { RunError, tryRun } from "./run";
import { hashOf } from "./sha256";

export interface Download {
  /** https, or http for what is checked by its sum anyway. */
  url: string;
  /** Where it is to be; the part of an interrupted download lies beside it. */
  file: string;
  /** `sha256:` or `sha512:` and hex digits. */
  checksum: string;
  /** Bytes that it may have at most. */
  most: number;
  /** Seconds that all of it may take. */
  limit: number;
  /** Gets a line now and then about how far it is. */
  say: (text: string) => void;
}

/** Milliseconds between two lines about how far it is. */
const often = 10_000;
const mebi = 2 ** 20;

const sizeOf = async (file: string): Promise<number> =>
  await stat(file).then(
    ({ size }) => size,
    () => 0,
  );

/** An address without its login and query, which may be secrets. */
export function shownUrl(url: string): string {
  try {
    const { protocol, host, pathname } = new URL(url);
    return `${protocol}//${host}${pathname}`;
  } catch {
    return "an address that cannot be read";
  }
}

/** Whether a file has a checksum, `sha512:` and hex digits. */
export async function hasChecksum(file: string, checksum: string): Promise<boolean> {
  const [type, sum] = checksum.split(":");
  return (await hashOf(type === "sha256" ? "sha256" : "sha512", file)) === sum;
}

/** What curl's exit codes mean to somebody who waits for a file. */
const reasons: Readonly<Record<number, string>> = {
  5: "its proxy has no address: see `https_proxy`",
  6: "its host has no address",
  7: "its host refuses connections",
  22: "the server has no such file",
  28: "the server sent nothing for too long",
  35: "no TLS connection could be made",
  60: "its certificate is not trusted",
  63: "it is larger than such a file may be",
};

/**
 * Runs curl, which goes through the proxies of the environment and resumes a part that is there. Its standard input has the
 * address: in the list of processes everybody could read it.
 */
async function fetchPart({ url, most, limit, say }: Download, part: string): Promise<number> {
  const quoted = `"${url.replace(/["\\]/g, "\\$&")}"`;
  const ended = new AbortController();
  const timer = setInterval(async () => {
    const size = await sizeOf(part);
    if (size > most) ended.abort();
    say(`${Math.round(size / mebi)} MiB so far`);
  }, often);
  const args = [
    "--disable",
    ...["--fail", "--location", "--silent", "--show-error", "--proto", "=https,http"],
    ...["--connect-timeout", "30", "--speed-limit", "1024", "--speed-time", "60"],
    ...["--retry", "3", "--max-filesize", String(most), "--continue-at", "-", "--output", part],
    ...["--config", "-"],
  ];
  try {
    const input = `url = ${quoted}\n`;
    const { code } = await tryRun("curl", args, { input, timeout: limit * 1000, signal: ended.signal });
    return code;
  } catch (error) {
    if (ended.signal.aborted) return 63;
    if (error instanceof RunError && error.result.code === 127)
      throw new Error("`curl` is not on PATH, and downloads are made with it: install it");
    throw error;
  } finally {
    clearInterval(timer);
  }
}

/**
 * Downloads a file, or the rest of it. It takes its place only if its checksum is right.
 *
 * @throws if the server or the network fails (the part is kept for the next attempt), or with a wrong checksum
 */
export async function download(wanted: Download): Promise<void> {
  const { url, file, checksum, most } = wanted;
  const part = `${file}.part`;
  const where = shownUrl(url);
  await mkdir(dirname(file), { recursive: true });
  const before = await sizeOf(part);
  if (before === 0 || !(await hasChecksum(part, checksum))) {
    let code = await fetchPart(wanted, part);
    // The server cannot resume (33), has another file than before or no more of it (22): from the beginning, once.
    const stale =
      before > 0 && (code === 33 || code === 22 || (code === 0 && !(await hasChecksum(part, checksum))));
    if (stale) {
      await rm(part, { force: true });
      code = await fetchPart(wanted, part);
    }
    if (code === 63 || (await sizeOf(part)) > most) await rm(part, { force: true });
    if (code !== 0)
      throw new Error(`${where} cannot be downloaded: ${reasons[code] ?? `curl ended with code ${code}`}`);
    if (!(await hasChecksum(part, checksum))) {
      await rm(part, { force: true });
      throw new Error(`${where} has another checksum than ${checksum}: it is not used`);
    }
  }
  await rename(part, file);
}
