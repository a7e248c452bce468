import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { VrrpNode } from "../../domain/vrrp-instances";
import { packageRoot } from "../../local/root";
import { spawnTied } from "../../local/tied";
import { packedSet } from "../../providers/remote/script";
import { setFiles } from "../../providers/remote/set-files";

/** Runs iproute2's `ip`; gives what it printed. */
export const ip = (...args: string[]): string =>
  execFileSync("ip", args, { encoding: "utf8", stdio: "pipe" });

/** Milliseconds until systemd starts a dead keepalived again, from the drop-in for nodes. */
const restartTime = (): number =>
  Number(
    /^RestartSec=(\d+)ms$/m.exec(
      readFileSync(join(packageRoot, "node", "keepalived", "drop-in.conf"), "utf8"),
    )?.[1],
  );

export const rigVip = { address: "192.168.56.10", prefix: 24 };

/** What a node knows about its rig. */
interface RigOfNode {
  readonly id: string;
  readonly folder: string;
  /** The namespace of the switch. */
  readonly bridge: string;
  readonly ended: boolean;
}

/** A node: a namespace with the real keepalived, and its own /etc, /run and /usr/local/lib. */
export class RigNode {
  readonly folder: string;
  readonly namespace: string;
  /** The output of keepalived. */
  log = "";
  /** Gets what keepalived says, as it comes. */
  heard: (text: string) => void = () => {};
  /** Restarted by a stand-in for systemd, as the drop-in says. */
  supervised = true;
  private startOfLog = 0;
  private keeper: ChildProcess | undefined;
  private daemon: ChildProcess | undefined;
  private restart: NodeJS.Timeout | undefined;

  constructor(
    private readonly rig: RigOfNode,
    readonly vrrp: VrrpNode,
    readonly port: string,
  ) {
    this.namespace = `${rig.id}-${vrrp.name}`;
    this.folder = join(rig.folder, vrrp.name);
    for (const name of ["etc/keepalived", "etc/ha-rancher", "run/ha-rancher", "lib/ha-rancher"])
      mkdirSync(join(this.folder, name), { recursive: true });
    for (const name of ["passwd", "group", "nsswitch.conf"])
      copyFileSync(join("/etc", name), join(this.folder, "etc", name));
    const set = `sets/${packedSet("current").hash}`;
    for (const { path } of setFiles("current")) {
      const file = join(this.folder, "lib/ha-rancher", set, path);
      mkdirSync(dirname(file), { recursive: true });
      copyFileSync(join(packageRoot, "node", path), file);
    }
    symlinkSync(set, join(this.folder, "lib/ha-rancher/current"));
    this.track("track", 0);
  }

  async prepare(): Promise<void> {
    ip("netns", "add", this.namespace);
    ip("-n", this.namespace, "link", "set", "lo", "up");
    // eth0 is another interface that is up and carries nothing.
    ip("-n", this.namespace, "link", "add", "eth0", "type", "veth", "peer", "name", "eth0x");
    ip("-n", this.namespace, "link", "set", "eth0x", "up");
    ip("-n", this.namespace, "link", "set", "eth0", "up");
    ip(
      "-n",
      this.namespace,
      "link",
      "add",
      "eth1",
      "type",
      "veth",
      "peer",
      this.port,
      "netns",
      this.rig.bridge,
    );
    ip("-n", this.rig.bridge, "link", "set", this.port, "master", "br0", "up");
    ip("-n", this.namespace, "link", "set", "eth1", "up");
    ip("-n", this.namespace, "addr", "add", `${this.vrrp.address}/24`, "dev", "eth1");
    if (this.vrrp.address6)
      ip("-n", this.namespace, "addr", "add", `${this.vrrp.address6}/64`, "dev", "eth1", "nodad");
    const mounts = [
      `mount --bind ${this.folder}/etc /etc`,
      `mount --bind ${this.folder}/lib /usr/local/lib`,
      // The last one: the folder may be in there.
      `mount --bind ${this.folder}/run /run`,
      "echo ready",
      // Ends with this process, however that ends.
      "exec cat >/dev/null",
    ].join(" && ");
    // `ip netns exec` makes a mount namespace, too.
    this.keeper = spawn("ip", ["netns", "exec", this.namespace, "sh", "-c", mounts], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const ready = once(this.keeper.stdout as NonNullable<ChildProcess["stdout"]>, "data");
    const ended = once(this.keeper, "exit").then(([code]) => {
      throw new Error(`the mounts of ${this.vrrp.name} ended with code ${code}`);
    });
    await Promise.race([ready, ended]);
    ended.catch(() => {});
  }

  /** The command that runs another one on this node. */
  inside(...argv: string[]): [string, string[]] {
    return ["nsenter", ["-t", String(this.keeper?.pid), "-m", "-n", ...argv]];
  }

  /** Runs a program on this node; throws if it fails. */
  run(argv: string[], input = "", env: NodeJS.ProcessEnv = process.env): string {
    return execFileSync(...this.inside(...argv), { encoding: "utf8", input, env, stdio: "pipe" });
  }

  /** Writes one of the files that keepalived watches. */
  track(name: "track" | "yield", value: 0 | 1): void {
    writeFileSync(join(this.folder, "run/ha-rancher", name), `${value}\n`);
  }

  maintenance(value: 0 | 1): void {
    writeFileSync(join(this.folder, "etc/ha-rancher/maintenance"), `${value}\n`);
  }

  configure(content: string, facts?: string): void {
    if (facts !== undefined) writeFileSync(join(this.folder, "etc/ha-rancher/vip.env"), facts);
    writeFileSync(join(this.folder, "etc/keepalived/keepalived.conf"), content);
  }

  /** @param more arguments, as node/keepalived/before-start gives them */
  start(more: string[] = []): void {
    this.startOfLog = this.log.length;
    rmSync(join(this.folder, "run/ha-rancher/vrrp"), { force: true });
    // systemd reaps a killed process before it starts the next one. Another init may be slow, and keepalived would
    // take the dead process for a living one.
    if (this.vrrpIsZombie()) rmSync(join(this.folder, "run/vrrp.pid"), { force: true });
    const args = [
      "--dont-fork",
      "--log-console",
      "--log-detail",
      "--no-syslog",
      "--pid",
      "/run/keepalived.pid",
      ...more,
    ];
    // node/keepalived/real-time does this for a keepalived that systemd has started.
    const facts = join(this.folder, "etc/ha-rancher/vip.env");
    const text = existsSync(facts) ? readFileSync(facts, "utf8") : "";
    const priority = Number(/^REAL_TIME_PRIORITY='(\d+)'$/m.exec(text)?.[1] ?? 0);
    const scheduled = priority > 0 ? ["chrt", "--rr", String(priority)] : [];
    const daemon = spawnTied(
      ...this.inside(...scheduled, "keepalived", ...args, "--vrrp_pid", "/run/vrrp.pid"),
      {
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    for (const stream of [daemon.stdout, daemon.stderr])
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.log += text;
        this.heard(text);
      });
    daemon.once("exit", () => {
      if (this.daemon !== daemon) return;
      this.daemon = undefined;
      if (this.supervised && !this.rig.ended)
        this.restart = setTimeout(() => this.start(["--config-id=again"]), restartTime());
    });
    this.daemon = daemon;
  }

  /** The last VRRP state since keepalived's start; undefined: none yet. */
  get state(): string | undefined {
    return [...this.log.slice(this.startOfLog).matchAll(/\(ha_rancher\) Entering (\w+) STATE/g)].at(-1)?.[1];
  }

  get runs(): boolean {
    return this.daemon !== undefined;
  }

  /** The VRRP process, which keepalived's parent only watches. */
  private get child(): number {
    return Number(readFileSync(join(this.folder, "run/vrrp.pid"), "utf8"));
  }

  private vrrpIsZombie(): boolean {
    try {
      return / Z /.test(readFileSync(`/proc/${this.child}/stat`, "utf8"));
    } catch {
      return false; // Gone, or never started.
    }
  }

  /** Sends a signal to keepalived: to the parent, its VRRP process, or both at the same time. */
  signal(signal: NodeJS.Signals, to: "parent" | "child" | "both" = "parent"): void {
    const parent = this.daemon?.pid;
    if (parent === undefined) throw new Error(`keepalived on ${this.vrrp.name} does not run`);
    const pids = to === "parent" ? [parent] : to === "child" ? [this.child] : [parent, this.child];
    // The VRRP process gets a SIGTERM when its parent dies, and would end in order before it is killed.
    if (signal === "SIGKILL") for (const pid of pids) process.kill(pid, "SIGSTOP");
    for (const pid of pids) process.kill(pid, signal);
  }

  async stop(): Promise<void> {
    this.supervised = false;
    clearTimeout(this.restart);
    const { daemon } = this;
    if (!daemon) return;
    const ended = once(daemon, "exit");
    daemon.kill("SIGTERM");
    const late = setTimeout(() => this.signal("SIGKILL", "both"), 10_000);
    await ended;
    clearTimeout(late);
  }

  /** MAC address of the interface on the nodes' network. */
  get mac(): string {
    return /link\/ether (\S+)/.exec(ip("-n", this.namespace, "link", "show", "eth1"))?.[1] ?? "";
  }

  get holdsVip(): boolean {
    return ip("-n", this.namespace, "-o", "addr", "show", "to", rigVip.address).trim() !== "";
  }

  /** Ends all processes of the node and removes its namespace. */
  async end(): Promise<void> {
    this.supervised = false;
    clearTimeout(this.restart);
    for (const pid of pidsIn(this.namespace)) {
      if (pid !== this.keeper?.pid) process.kill(pid, "SIGKILL");
    }
    this.keeper?.stdin?.end();
    this.keeper?.kill("SIGKILL");
    ip("netns", "del", this.namespace);
  }
}

export function pidsIn(namespace: string): number[] {
  return ip("netns", "pids", namespace).split("\n").filter(Boolean).map(Number);
}
