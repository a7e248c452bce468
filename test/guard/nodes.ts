import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { guardConf } from "../../components/guard-files";
import { packageRoot } from "../../system/root";

const guardFolder = join(packageRoot, "guard");
/** Stand-ins for docker, ip, systemctl and so on; bash, flock, tail and so on are the machine's. */
const fakes = join(packageRoot, "test", "guard", "fakes");

/** Seconds. As short as a busy machine allows: a child that takes longer than `giveUp` to start is a lost lease. */
export const times = {
  beat: 0.2,
  giveUp: 2,
  killedBy: 4,
  leaseTime: 5,
  vipLoss: 0.4,
  giveBack: 3,
  hold: 2,
  holdOff: 3,
  startLimit: 10,
  stopGrace: 2,
};

/** Two nodes that share a lease directory and data, on this machine, each with its own guard. */
export class Pair {
  readonly folder: string;
  readonly a: GuardedNode;
  readonly b: GuardedNode;

  constructor() {
    // fsync on a busy disk takes seconds; locks work in memory as well.
    this.folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "guard-"));
    for (const name of ["lease", "data"]) mkdirSync(join(this.folder, name));
    writeFileSync(join(this.folder, "log"), "");
    writeFileSync(join(this.folder, "data", ".ha-rancher-sentinel"), "the data of the test\n");
    this.a = new GuardedNode(this.folder, "a");
    this.b = new GuardedNode(this.folder, "b");
  }

  /** What happened on both nodes, in order: `a container-started`. */
  get log(): string[] {
    return lines(join(this.folder, "log"));
  }

  /** Who wrote the shared data, each run of one writer once: more than once `a`, `b`, `a` are two at a time. */
  get writers(): string[] {
    return lines(join(this.folder, "data", "journal")).filter((name, i, all) => name !== all[i - 1]);
  }

  /** The last record of the lease: `3 17 a active`. */
  get record(): string {
    return lines(join(this.folder, "lease", "lease")).at(-1) ?? "";
  }

  get epoch(): number {
    return Number(lines(join(this.folder, "lease", "epoch"))[0] ?? 0);
  }

  /** Both guards run and may hold the VIP. */
  async ready(): Promise<this> {
    this.a.start();
    this.b.start();
    await Promise.all(
      [this.a, this.b].map((node) => until(() => node.mayHoldVip, `${node.name} to be fit`, node)),
    );
    return this;
  }

  async end(): Promise<void> {
    await Promise.all([this.a.end(), this.b.end()]);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export class GuardedNode {
  readonly home: string;
  readonly configuration: string;
  /** All that its guards have said. */
  said = "";
  private guard: ChildProcess | undefined;

  constructor(
    private readonly folder: string,
    readonly name: string,
  ) {
    this.home = join(folder, name);
    this.configuration = join(this.home, "guard.conf");
    mkdirSync(join(this.home, "run"), { recursive: true });
    this.set("container", "0");
    this.set("identity", `test-${name}\n`);
    this.configure();
  }

  configure(changes: { sentinel?: string } = {}): void {
    const conf = guardConf({
      node: this.name,
      vip: "192.168.56.10",
      container: "rancher",
      dataDirectory: join(this.folder, "data"),
      dataUnit: "rancher_data.mount",
      leaseDirectory: join(this.folder, "lease"),
      identity: `test-${this.name}`,
      sentinel: "the data of the test",
      times,
      ...changes,
    });
    this.set(
      "guard.conf",
      `${conf}LEASE_UNIT=rancher_lease.mount\nRUN_DIRECTORY=${this.home}/run\nIDENTITY_FILE=${this.home}/identity\n`,
    );
  }

  /** Makes a file of the node's state: `vip`, `fail-start`, `hang-docker`; see the stand-ins. */
  set(name: string, content = ""): void {
    writeFileSync(join(this.home, name), content);
  }

  unset(name: string): void {
    rmSync(join(this.home, name), { force: true });
  }

  has(name: string): boolean {
    return existsSync(join(this.home, name));
  }

  /** One of the node's programs. */
  program(name: string): string {
    return join(fakes, name);
  }

  /** What the node's programs run in. */
  get environment(): NodeJS.ProcessEnv {
    return {
      PATH: `${fakes}:/usr/bin:/bin`,
      FAKE_NODE: this.home,
      FAKE_NAME: this.name,
      FAKE_LOG: join(this.folder, "log"),
      FAKE_DATA: join(this.folder, "data"),
      NOTIFY_SOCKET: join(this.home, "notify"),
    };
  }

  start(): void {
    const guard = spawn(join(guardFolder, "guard"), [this.configuration], {
      env: this.environment,
      stdio: ["ignore", "ignore", "pipe"],
    });
    guard.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.said += text;
    });
    this.guard = guard;
  }

  /** Ends the guard, and gives its exit code (null after SIGKILL). */
  async signal(signal: NodeJS.Signals): Promise<number | null> {
    const { guard } = this;
    if (!guard || guard.exitCode !== null || guard.signalCode !== null) return guard?.exitCode ?? null;
    const ended = new Promise<number | null>((resolve) => guard.once("exit", resolve));
    guard.kill(signal);
    return await ended;
  }

  /** What systemd does after the guard has ended. */
  async stopPost(): Promise<void> {
    await promisify(execFile)(join(guardFolder, "stop-container"), [this.configuration], {
      env: this.environment,
    });
  }

  async status(): Promise<Record<string, unknown>> {
    const { stdout } = await promisify(execFile)(join(guardFolder, "node-status"), [this.configuration], {
      env: this.environment,
    });
    return JSON.parse(stdout);
  }

  get state(): string {
    return (
      lines(join(this.home, "run", "state"))
        .find((line) => line.startsWith("state="))
        ?.slice(6) ?? ""
    );
  }

  get mayHoldVip(): boolean {
    return lines(join(this.home, "run", "track"))[0] === "0";
  }

  get containerRuns(): boolean {
    const process = readFileSync(join(this.home, "container"), "utf8").trim();
    const stat = process === "0" ? "" : lines(`/proc/${process}/stat`).join("");
    return stat !== "" && !/\) Z /.test(stat);
  }

  async end(): Promise<void> {
    for (const program of ["docker", "dd", "systemctl"]) this.unset(`hang-${program}`);
    await this.signal("SIGKILL");
    await this.stopPost();
  }
}

function lines(file: string): string[] {
  try {
    return readFileSync(file, "utf8").split("\n").slice(0, -1);
  } catch {
    return [];
  }
}

/** Waits for something, and says what the nodes were doing if it does not come. */
export async function until(condition: () => boolean, what: string, ...nodes: GuardedNode[]): Promise<void> {
  const deadline = performance.now() + 25_000;
  while (!condition()) {
    if (performance.now() > deadline)
      throw new Error(
        [`waited in vain for ${what}`, ...nodes.map((node) => `--- ${node.name}\n${node.said}`)].join("\n"),
      );
    await sleep(20);
  }
}
