import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { WritesFound } from "../../drill/probes/writes";
import { buildImage, type ImageName } from "../../lab/image/build";
import { parseReference } from "../../lab/registry";
import { packageRoot } from "../../local/root";
import { type RunResult, run, tryRun } from "../../local/run";

/*
 * An image as the lab runs it, without a container engine: its root folder, unpacked, as PID 1 of its own namespaces, in a
 * network of its own.
 */

/** What a container engine does, as far as the images ask for it. */
const contain = `
  set -eu
  root=$1 data=$2 path=$3 work=$4
  shift 4
  mount --bind "$data" "$root$path"
  mount -t tmpfs tmpfs "$root/dev"
  mkdir -m 1777 "$root/dev/shm"
  mount -t proc proc "$root/proc"
  for device in null zero urandom; do touch "$root/dev/$device"; mount --bind "/dev/$device" "$root/dev/$device"; done
  exec env -i "$@"`;

export interface Running {
  child: ChildProcess;
  output: () => string;
  /** Its exit code. */
  ended: Promise<number | null>;
}

interface ContainedOptions {
  image: ImageName;
  /** Where it has its data. */
  path: string;
  /** Its working directory; default: the root. */
  work?: string;
  /** Its variables; default: PATH alone. */
  environment?: Record<string, string>;
}

/** An image, unpacked, with a folder for its data. */
export class Contained {
  private readonly children = new Set<ChildProcess>();

  private constructor(
    private readonly options: ContainedOptions,
    private readonly folder: string,
    private readonly namespace: string,
  ) {}

  static async make(options: ContainedOptions): Promise<Contained> {
    const namespace = `ha-rancher-${options.image}-${process.pid}`;
    const folder = await mkdtemp(join(tmpdir(), `ha-rancher-${options.image}-`));
    const image = await buildImage((line) => console.log(line), options.image);
    await run("ip", ["netns", "add", namespace]);
    await run("ip", ["-n", namespace, "link", "set", "lo", "up"]);
    const { tag } = parseReference(image.reference);
    await run("umoci", ["unpack", "--image", `${image.layout}:${tag}`, join(folder, "bundle")]);
    await mkdir(join(folder, "data"));
    return new Contained(options, folder, namespace);
  }

  /** The folder of its data. */
  get data(): string {
    return join(this.folder, "data");
  }

  get root(): string {
    return join(this.folder, "bundle", "rootfs");
  }

  private within(...argv: string[]): string[] {
    return ["netns", "exec", this.namespace, ...argv];
  }

  /** Runs a program of this machine's in its network. */
  inside(...argv: string[]): Promise<RunResult> {
    return tryRun("ip", this.within(...argv));
  }

  /** Starts it with these arguments, and variables beside its own. */
  start(argv: string[], environment: Record<string, string> = {}): Running {
    const { path, work = "/" } = this.options;
    const variables = { PATH: "/usr/bin:/bin", ...this.options.environment, ...environment };
    const script = `cd ${work} && exec "$@"`;
    const given = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
    const inRoot = ["/usr/sbin/chroot", this.root, "/bin/sh", "-c", script, "sh", "entrypoint.sh", ...argv];
    const unshare = ["unshare", "--mount", "--pid", "--fork", "--kill-child"];
    return this.spawned(
      this.within(
        ...[...unshare, "sh", "-c", contain, "sh", this.root, this.data, path, work],
        ...[...given, ...inRoot],
      ),
    );
  }

  private spawned(argv: string[]): Running {
    const child = spawn("ip", argv, { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
      });
    this.children.add(child);
    const ended = new Promise<number | null>((resolve) =>
      child.once("close", (code) => {
        this.children.delete(child);
        resolve(code);
      }),
    );
    return { child, output: () => output, ended };
  }

  /** Waits until it has said something. */
  async said(running: Running, words: RegExp): Promise<void> {
    for (const limit = Date.now() + 60_000; !words.test(running.output()); await sleep(50))
      assert.ok(Date.now() < limit && this.children.has(running.child), running.output());
  }

  /** As `docker kill`. */
  async end({ child, ended }: Running, signal: NodeJS.Signals): Promise<number | null> {
    const children = await readFile(`/proc/${child.pid}/task/${child.pid}/children`, "utf8");
    process.kill(Number(children), signal);
    return await ended;
  }

  /** Starts the client that writes numbers. */
  writer(place: string, run: string, password?: string): Writer {
    const program = join(packageRoot, "dist", "test", "image", "writes-client.js");
    const child = spawn("ip", this.within(process.execPath, program, place, run), {
      env: { ...process.env, ...(password === undefined ? {} : { DRILL_PASSWORD: password }) },
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.children.add(child);
    return new Writer(child, () => this.children.delete(child));
  }

  async close(): Promise<void> {
    for (const child of this.children) child.kill("SIGKILL");
    await run("ip", ["netns", "del", this.namespace]);
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** What a client wrote, and what it found of that; and what it found once all was removed. */
type Found = WritesFound & { outcomes: string[]; left: number[] };

/** A client that writes numbers until it is asked what is there. */
class Writer {
  private dots = 0;
  private printed = "";
  private words = "";

  constructor(
    private readonly child: ChildProcess,
    private readonly over: () => void,
  ) {
    child.stderr?.on("data", (text: Buffer) => {
      this.words += text.toString();
      this.dots += text.filter((byte) => byte === ".".charCodeAt(0)).length;
    });
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.printed += text;
    });
  }

  /** Waits for so many more that are acknowledged. */
  async further(count: number): Promise<void> {
    const wanted = this.dots + count;
    for (const limit = Date.now() + 60_000; this.dots < wanted; await sleep(20))
      assert.ok(Date.now() < limit, `${this.dots} writes, not ${wanted}: ${this.words.slice(-500)}`);
  }

  /** Ends it; gives what it sent, compared with what is there. */
  async found(): Promise<Found> {
    this.child.stdin?.end();
    await new Promise((resolve) => this.child.once("close", resolve));
    this.over();
    assert.notEqual(this.printed, "", this.words.slice(-2000));
    return JSON.parse(this.printed) as Found;
  }
}
