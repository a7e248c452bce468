import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { type GuardConfValues, guardConf } from "../../domain/guard-conf";
import { packageRoot } from "../../local/root";
import { memoryFolder } from "./memory";

const guardFolder = join(packageRoot, "node", "guard");
/** Stand-ins for docker, ip, systemctl and so on; bash, flock, tail and so on are the machine's. */
const fakes = join(packageRoot, "test", "guard", "fakes");

/**
 * How busy the machine is: the guard's times mean nothing where starting a program takes seconds. 1 on a quiet
 * machine, at most 4.
 */
function slowness(): number {
  const took = Array.from({ length: 10 }, () => {
    const begin = performance.now();
    execFileSync("bash", ["-c", "dd if=/dev/null of=/dev/null status=none; true"]);
    return performance.now() - begin;
  });
  return Math.min(4, Math.max(1, Math.max(...took) / 100));
}

const slow = slowness();
const scaled = (seconds: number): number => Math.round(seconds * slow * 1000) / 1000;

/** Seconds. As short as the machine allows: a heartbeat that takes longer than `giveUp` is a lost lease. */
export const times = {
  heartbeat: scaled(0.25),
  giveUp: scaled(2.5),
  watchdog: scaled(4.5),
  leaseTime: scaled(5),
  vipLoss: scaled(0.5),
  giveBack: scaled(2),
  hold: scaled(2),
  holdOff: scaled(3),
  startLimit: scaled(10),
  stopGrace: 2,
  startDeadline: scaled(6),
  copyLimit: scaled(5),
  healthEvery: scaled(0.25),
  healthTimeout: scaled(1),
  healthFailures: 2,
  deepEvery: scaled(0.5),
  deepTimeout: scaled(1),
};

/** Two nodes that share a lease directory and data, on this machine, each with its own guard. */
export class Pair {
  readonly folder: string;
  readonly a: GuardedNode;
  readonly b: GuardedNode;

  constructor() {
    // fsync on a busy disk takes seconds; locks work in memory as well.
    this.folder = memoryFolder("guard");
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

  /** The writers, once a node is among them as the last. */
  async writersUntil(node: GuardedNode): Promise<string[]> {
    await until(() => this.writers.at(-1) === node.name, `${node.name} to write`, this.a, this.b);
    return this.writers;
  }

  /** The last record of the lease: `3 17 a active`. */
  get record(): string {
    return lines(join(this.folder, "lease", "lease")).at(-1) ?? "";
  }

  get epoch(): number {
    return Number(lines(join(this.folder, "lease", "epoch"))[0] ?? 0);
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
    this.setVip(false);
    this.mountLease("nfs4");
    this.configure();
  }

  configure(changes: Partial<GuardConfValues> = {}): void {
    const conf = guardConf({
      node: this.name,
      vip: "192.168.56.10",
      container: "rancher",
      dataDirectory: join(this.folder, "data"),
      dataUnit: "rancher_data.mount",
      leaseDirectory: join(this.folder, "lease"),
      identity: `test-${this.name}`,
      sentinel: "the data of the test",
      healthUrl: "https://127.0.0.1/healthz",
      deepUrl: "https://127.0.0.1/deep",
      times,
      ...changes,
    });
    this.set(
      "guard.conf",
      `${conf}LEASE_UNIT=rancher_lease.mount\nRUN_DIRECTORY=${this.home}/run\nIDENTITY_FILE=${this.home}/identity\nADDRESS_TABLE=${this.home}/addresses\nMOUNT_TABLE=${this.home}/mounts\nKEEPALIVED_FILE=${this.home}/keepalived.conf\nVIP_FACTS=${this.home}/vip.env\nMAINTENANCE_FILE=${this.home}/maintenance\nMOUNT_STATISTICS=${this.home}/statistics\nWATCHDOG_DEVICE=${this.home}/watchdog\nINIT_FILES=${this.home}/init\nFENCE_DIRECTORY=${this.home}/fence\nCONTROL_GROUPS=${this.home}/groups\nRESET_TRIGGER=${this.home}/reset\n`,
    );
  }

  /** Gives the VIP to the node or takes it away, as the kernel's table of addresses shows it. */
  setVip(here: boolean): void {
    const leaf = (address: string): string => `           |-- ${address}\n              /32 host LOCAL\n`;
    // Neither an address that begins like the VIP, nor a route to it, is the VIP.
    const others = `${leaf("192.168.56.100")}${leaf("192.168.56.1")}           |-- 192.168.56.10\n              /32 link UNICAST\n`;
    this.set("addresses", `Local:\n  +-- 0.0.0.0/0 3 0 5\n${others}${here ? leaf("192.168.56.10") : ""}`);
  }

  /** The lease directory, mounted with a type, and nothing else. */
  mountLease(type: string): void {
    const line = (point: string, what: string): string =>
      `21 1 8:1 / ${point} rw,relatime shared:1 - ${what} /dev/vda1 rw\n`;
    this.set("mounts", `${line("/", "ext4")}${line(join(this.folder, "lease"), type)}`);
  }

  get leaseDirectory(): string {
    return join(this.folder, "lease");
  }

  get hasDataMounted(): boolean {
    return readFileSync(join(this.home, "mounts"), "utf8").includes(` ${join(this.folder, "data")} `);
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

  /** One of guard/, the real one. */
  guardProgram(name: string): string {
    return join(guardFolder, name);
  }

  /** What the node's programs run in. */
  get environment(): NodeJS.ProcessEnv {
    return {
      PATH: `${fakes}:/usr/bin:/bin`,
      FAKE_NODE: this.home,
      FAKE_NAME: this.name,
      FAKE_LOG: join(this.folder, "log"),
      FAKE_LEASE: join(this.folder, "lease"),
      FAKE_DATA: join(this.folder, "data"),
      NOTIFY_SOCKET: join(this.home, "notify"),
    };
  }

  /** The guard runs, and the node may hold the VIP. */
  async ready(): Promise<void> {
    this.start();
    await until(() => this.mayHoldVip, `${this.name} to be fit`, this);
  }

  start(): void {
    // As the unit does, if we may.
    const guard = spawn("nice", ["-n", "-10", join(guardFolder, "guard"), this.configuration], {
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
    const guard = this.guard;
    if (!guard || guard.exitCode !== null || guard.signalCode !== null) return guard?.exitCode ?? null;
    const ended = new Promise<number | null>((resolve) => guard.once("exit", resolve));
    guard.kill(signal);
    return await ended;
  }

  /** Stops the guard where it is, as SIGSTOP does; nothing of it goes on. */
  pause(): void {
    this.guard?.kill("SIGSTOP");
  }

  /** Asks the guard to end the service and to refuse the VIP, and waits for it. */
  async handOver(time: number): Promise<void> {
    await this.run("hand-over", String(time), this.configuration);
  }

  /** Runs a program of guard/ on the node. */
  async run(program: string, ...args: string[]): Promise<string> {
    const { stdout } = await promisify(execFile)(join(guardFolder, program), args, {
      env: this.environment,
    });
    return stdout;
  }

  /** What systemd does after the guard has ended. */
  async stopPost(): Promise<void> {
    await this.run("stop-container", this.configuration);
  }

  async status(): Promise<Record<string, unknown>> {
    return JSON.parse(await this.run("node-status", this.configuration));
  }

  /** Waits until the guard has said something. */
  async says(pattern: RegExp): Promise<void> {
    await until(() => pattern.test(this.said), `${this.name} to say ${pattern}`, this);
  }

  get state(): string {
    return (
      lines(join(this.home, "run", "state"))
        .find((line) => line.startsWith("state="))
        ?.slice(6) ?? ""
    );
  }

  /** What the guard's look at the service found last: `ok`, `failing`; empty if it does not look. */
  get health(): string {
    return lines(join(this.home, "run", "health"))[0]?.split(" ")[0] ?? "";
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
    for (const program of ["docker", "start", "clearing", "dd", "systemctl", "nft", "health", "fence"])
      this.unset(`hang-${program}`);
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
  const deadline = performance.now() + 60_000 * slow;
  while (!condition()) {
    if (performance.now() > deadline)
      throw new Error(
        [`waited in vain for ${what}`, ...nodes.map((node) => `--- ${node.name}\n${node.said}`)].join("\n"),
      );
    await sleep(20);
  }
}
