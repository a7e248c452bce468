import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { toolchainHome } from "../paths";
import { run } from "../run";
import { companions } from "./installed";
import { isExecutable } from "./path";
import { sumOf } from "./sums";
import type { Toolchain } from "./toolchain";

/** The release whose SDK package.json pins. */
export const releasedVersion = "3.220.0";

/** Where Pulumi publishes its releases. */
const releases = "https://get.pulumi.com/releases/sdk";

/** Milliseconds in which the server must answer, and in which each next part of the file must arrive. */
const answerLimit = 10_000;
const stallLimit = 30_000;
const day = 24 * 3600 * 1000;

export const platforms: Readonly<Partial<Record<string, string>>> = {
  "linux x64": "linux-x64",
  "linux arm64": "linux-arm64",
  "darwin x64": "darwin-x64",
  "darwin arm64": "darwin-arm64",
};

export interface DownloadOptions {
  /** The URL of the files; tests have their own server. */
  from?: string;
  /** Such as `linux-x64`; null: there is no release for this platform. */
  platform?: string | null;
  /** The SHA-256 that the archive must have; tests have archives of their own. */
  sum?: string | undefined;
}

const failureFile = (): string => join(toolchainHome(), "download-failed.json");

/** The reason of a failed download less than a day ago. */
async function recentFailure(): Promise<string | undefined> {
  try {
    const { at, why } = JSON.parse(await readFile(failureFile(), "utf8")) as { at: number; why: string };
    return Date.now() - at < day ? why : undefined;
  } catch {
    return undefined;
  }
}

/** A time limit that starts again with each call of `renew`. When it is over, `signal` is aborted. */
function patience(
  milliseconds: number,
  what: string,
): { signal: AbortSignal; renew(ms: number): void; end(): void } {
  const controller = new AbortController();
  const expire = (ms: number) =>
    setTimeout(() => controller.abort(new Error(`${what} did not answer within ${ms / 1000} s`)), ms);
  let timer = expire(milliseconds);
  return {
    signal: controller.signal,
    renew(ms) {
      clearTimeout(timer);
      timer = expire(ms);
    },
    end: () => clearTimeout(timer),
  };
}

/** Streams a file to disk and gives its SHA-256 in hexadecimal. */
async function fetchFile(url: string, file: string): Promise<string> {
  const limit = patience(answerLimit, new URL(url).host);
  try {
    const response = await fetch(url, { signal: limit.signal });
    if (!response.ok || !response.body) throw new Error(`${url}: HTTP ${response.status}`);
    const hash = createHash("sha256");
    const watch = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        limit.renew(stallLimit);
        hash.update(chunk);
        done(null, chunk);
      },
    });
    await pipeline(Readable.fromWeb(response.body as never), watch, createWriteStream(file), {
      signal: limit.signal,
    });
    return hash.digest("hex");
  } catch (error) {
    throw reason(error, url);
  } finally {
    limit.end();
  }
}

/** The reason of a failed fetch: its own message is only `fetch failed`, and the cause says why. */
function reason(error: unknown, url: string): Error {
  const { message, cause } = error as Error;
  if (message.includes(url)) return error as Error;
  return new Error(`${url}: ${cause instanceof Error ? cause.message : message}`);
}

async function fetchAndUnpack(from: string, name: string, sum: string, folder: string): Promise<void> {
  const work = await mkdtemp(join(toolchainHome(), ".downloading-"));
  try {
    const got = await fetchFile(`${from}/${name}`, join(work, name));
    if (got !== sum) throw new Error(`${name} has the SHA-256 ${got}, and must have ${sum}`);
    const unpacked = join(work, "unpacked");
    await mkdir(unpacked);
    await run("tar", ["-xzf", join(work, name), "-C", unpacked]);
    const [top = ""] = await readdir(unpacked);
    const bin = [join(unpacked, top, "bin"), join(unpacked, top)].find((at) =>
      isExecutable(join(at, "pulumi")),
    );
    if (!bin) throw new Error(`${name} has no pulumi in it`);
    const missing = companions.filter((companion) => !isExecutable(join(bin, companion)));
    if (missing.length > 0) throw new Error(`${name} has no ${missing.join(", ")} in it`);
    const whole = join(work, "whole");
    await mkdir(whole);
    await rename(bin, join(whole, "bin"));
    await rm(folder, { recursive: true, force: true });
    await rename(whole, folder);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** The archive of a platform. */
export const archiveOf = (platform: string): string => `pulumi-v${releasedVersion}-${platform}.tar.gz`;

/**
 * Downloads the official release, checks it against its known sum and unpacks it; undefined if that fails. A failure is
 * remembered for a day, so that a machine without internet access waits only once.
 */
export async function downloadToolchain(
  say: (line: string) => void,
  options: DownloadOptions = {},
): Promise<Toolchain | undefined> {
  const { from = releases, platform = platforms[`${process.platform} ${process.arch}`] ?? null } = options;
  if (!platform) {
    say(`Pulumi publishes no release for ${process.platform} ${process.arch}`);
    return undefined;
  }
  const archive = archiveOf(platform);
  const { sum = sumOf(archive) } = options;
  if (!sum) {
    say(`Pulumi is not downloaded: no sum of ${archive} is known`);
    return undefined;
  }
  const folder = join(toolchainHome(), `release-${releasedVersion}-${platform}`);
  const toolchain: Toolchain = { bin: join(folder, "bin"), version: releasedVersion, origin: "download" };
  if (isExecutable(join(toolchain.bin, "pulumi"))) return toolchain;
  const before = await recentFailure();
  if (before) {
    say(`Pulumi cannot be downloaded, as tried within a day (${before})`);
    return undefined;
  }
  try {
    await mkdir(toolchainHome(), { recursive: true });
    say(`downloading Pulumi ${releasedVersion}`);
    await fetchAndUnpack(from, archive, sum, folder);
    return toolchain;
  } catch (error) {
    const why = (error as Error).message;
    await writeFile(failureFile(), JSON.stringify({ at: Date.now(), why }));
    say(`Pulumi cannot be downloaded: ${why}`);
    return undefined;
  }
}
