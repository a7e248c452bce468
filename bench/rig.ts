import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { keepalivedConf, type VrrpNode } from "../components/keepalived-conf";
import type { VrrpSpec } from "../components/vrrp-spec";
import { packageRoot } from "../system/root";
import { Probe } from "./probe";

/*
 * Nodes with the real keepalived, on this machine: a network namespace each, joined by a bridge in one of its own,
 * and a client that asks the VIP. Each node has its own /etc, /run and /usr/local/lib. Nothing of it can reach
 * another network, and nothing is left of it afterwards.
 */

const ip = (...args: string[]): string => execFileSync("ip", args, { encoding: "utf8", stdio: "pipe" });

/** The version of the keepalived on this machine. */
export function installedVersion(): string {
  const text = execFileSync("sh", ["-c", "keepalived --version 2>&1"], { encoding: "utf8" });
  return /^Keepalived v([\d.]+)/m.exec(text)?.[1] ?? "0";
}

/** Seconds that systemd waits before it starts a dead keepalived again, from the drop-in that nodes get. */
const restartSeconds = (): number =>
  Number(
    /^RestartSec=(\d+)$/m.exec(
      readFileSync(join(packageRoot, "guard", "keepalived-drop-in.conf"), "utf8"),
    )?.[1],
  );

export const rigVip = { address: "192.168.56.10", prefix: 24 };

let rigs = 0;

export class RigNode {
  readonly folder: string;
  readonly namespace: string;
  /** What keepalived said. */
  log = "";
  /** Restarted by a stand-in for systemd, as the drop-in says. */
  supervised = true;
  private startOfLog = 0;
  private keeper: ChildProcess | undefined;
  private daemon: ChildProcess | undefined;
  private restart: NodeJS.Timeout | undefined;

  constructor(
    private readonly rig: Rig,
    readonly vrrp: VrrpNode,
    readonly port: string,
  ) {
    this.namespace = `${rig.id}-${vrrp.name}`;
    this.folder = join(rig.folder, vrrp.name);
    for (const name of ["etc/keepalived", "etc/ha-rancher", "run/ha-rancher", "lib/ha-rancher"])
      mkdirSync(join(this.folder, name), { recursive: true });
    for (const name of ["passwd", "group", "nsswitch.conf"])
      copyFileSync(join("/etc", name), join(this.folder, "etc", name));
    copyFileSync(join(packageRoot, "guard", "vrrp-notify"), join(this.folder, "lib/ha-rancher/vrrp-notify"));
    copyFileSync(join(packageRoot, "floating-ip", "firewall"), join(this.folder, "lib/ha-rancher/firewall"));
    this.track("track", 0);
  }

  async prepare(): Promise<void> {
    ip("netns", "add", this.namespace);
    ip("-n", this.namespace, "link", "set", "lo", "up");
    // eth0: another interface, up, that carries nothing.
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
      `mount --bind ${this.folder}/run /run`,
      `mount --bind ${this.folder}/lib /usr/local/lib`,
      "echo ready",
      // Ends with us, whatever happens to us.
      "exec cat >/dev/null",
    ].join(" && ");
    // `ip netns exec` gives a mount namespace, too.
    this.keeper = spawn("ip", ["netns", "exec", this.namespace, "sh", "-c", mounts], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    await once(this.keeper.stdout as NonNullable<ChildProcess["stdout"]>, "data");
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

  configure(content: string): void {
    writeFileSync(join(this.folder, "etc/keepalived/keepalived.conf"), content);
  }

  start(): void {
    this.startOfLog = this.log.length;
    rmSync(join(this.folder, "run/ha-rancher/vrrp"), { force: true });
    // Systemd has reaped a killed process before it starts the next; where another init takes its time with that,
    // keepalived would take the dead one for a living one.
    if (this.vrrpIsZombie()) rmSync(join(this.folder, "run/vrrp.pid"), { force: true });
    const args = [
      "--dont-fork",
      "--log-console",
      "--log-detail",
      "--no-syslog",
      "--pid",
      "/run/keepalived.pid",
    ];
    const daemon = spawn(...this.inside("keepalived", ...args, "--vrrp_pid", "/run/vrrp.pid"), {
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [daemon.stdout, daemon.stderr])
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.log += text;
      });
    daemon.once("exit", () => {
      if (this.daemon !== daemon) return;
      this.daemon = undefined;
      if (this.supervised && !this.rig.ended)
        this.restart = setTimeout(() => this.start(), restartSeconds() * 1000);
    });
    this.daemon = daemon;
  }

  /** The VRRP state that keepalived has been in last since its start; undefined: none yet. */
  get state(): string | undefined {
    return [...this.log.slice(this.startOfLog).matchAll(/\(ha_rancher\) Entering (\w+) STATE/g)].at(-1)?.[1];
  }

  get runs(): boolean {
    return this.daemon !== undefined;
  }

  /** The VRRP process: keepalived's parent only watches over it. */
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
    // Of a parent that dies the VRRP process hears by SIGTERM, and would end in order before it is killed too.
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
    const late = setTimeout(() => this.signal("SIGKILL", "both"), 3_000);
    await ended;
    clearTimeout(late);
  }

  get holdsVip(): boolean {
    return ip("-n", this.namespace, "-o", "addr", "show", "to", rigVip.address).trim() !== "";
  }

  /** All that the node is called by has ended, and its namespace is gone. */
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

function pidsIn(namespace: string): number[] {
  return ip("netns", "pids", namespace).split("\n").filter(Boolean).map(Number);
}

/** Namespaces of rigs whose process was killed. */
function removeLeftovers(): void {
  for (const line of ip("netns", "list").split("\n")) {
    const [, name, owner] = /^(hr(\d+)-\S+)/.exec(line) ?? [];
    if (!name || !owner) continue;
    try {
      process.kill(Number(owner), 0);
    } catch {
      for (const pid of pidsIn(name)) process.kill(pid, "SIGKILL");
      ip("netns", "del", name);
    }
  }
}

export interface RigOptions {
  /** By default two, rancher-1 and rancher-2 in short: `a` with priority 150, `b` with 140. */
  nodes?: VrrpNode[];
}

export class Rig {
  readonly id = `hr${process.pid}-${++rigs}`;
  readonly bridge = `${this.id}-s`;
  readonly folder = mkdtempSync(join(tmpdir(), "vrrp-rig-"));
  readonly nodes: RigNode[];
  probe!: Probe;
  ended = false;
  private readonly client = `${this.id}-p`;
  private readonly silenced = new Set<RigNode>();

  private constructor({ nodes }: RigOptions) {
    const vrrp = nodes ?? [
      { name: "a", address: "192.168.56.11", address6: "fd00:56::11", priority: 150 },
      { name: "b", address: "192.168.56.12", address6: "fd00:56::12", priority: 140 },
    ];
    this.nodes = vrrp.map((node, i) => new RigNode(this, node, `p${i}`));
  }

  static async make(options: RigOptions = {}): Promise<Rig> {
    removeLeftovers();
    const rig = new Rig(options);
    try {
      await rig.build();
      return rig;
    } catch (error) {
      await rig.end();
      throw error;
    }
  }

  private async build(): Promise<void> {
    ip("netns", "add", this.bridge);
    ip("-n", this.bridge, "link", "add", "br0", "type", "bridge");
    ip("-n", this.bridge, "link", "set", "br0", "up");
    for (const node of this.nodes) await node.prepare();
    ip("netns", "add", this.client);
    ip("-n", this.client, "link", "add", "eth1", "type", "veth", "peer", "client", "netns", this.bridge);
    ip("-n", this.bridge, "link", "set", "client", "master", "br0", "up");
    ip("-n", this.client, "link", "set", "eth1", "up");
    ip("-n", this.client, "addr", "add", "192.168.56.99/24", "dev", "eth1");
    this.probe = new Probe(
      this.client,
      rigVip.address,
      this.nodes.map(({ namespace, vrrp }) => ({ namespace, name: vrrp.name })),
    );
    await this.probe.ready();
  }

  node(name: string): RigNode {
    const found = this.nodes.find((node) => node.vrrp.name === name);
    if (!found) throw new Error(`the rig has no node ${name}`);
    return found;
  }

  /** keepalived.conf of a node. */
  conf(node: RigNode, spec: VrrpSpec): string {
    return keepalivedConf({
      spec,
      node: node.vrrp,
      interface: "eth1",
      peers: this.nodes.filter((other) => other !== node).map(({ vrrp }) => vrrp),
      version: installedVersion(),
    });
  }

  /** Starts keepalived on all nodes, and waits until `a`, or whom you say, holds the VIP and answers. */
  async start(spec: VrrpSpec, first = "a"): Promise<void> {
    for (const node of this.nodes) {
      node.configure(this.conf(node, spec));
      node.supervised = true;
    }
    this.node(first).start();
    await this.until(
      () => this.holders().join() === first && this.probe.latest === first,
      `${first} to hold the VIP`,
    );
    for (const node of this.nodes) if (!node.runs) node.start();
    // The others listen for as long as `vrrp_startup_delay` says, and then for one down time.
    await this.until(
      () => this.nodes.every((node) => node.vrrp.name === first || node.state === "BACKUP"),
      "the others to be backups",
    );
    await sleep((spec.startupDelay + spec.downTimerAdverts * spec.advertInterval) * 1000 + 200);
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
    for (const node of this.nodes) node.log = "";
  }

  /** Names of the nodes that have the VIP on an interface. */
  holders(): string[] {
    return this.nodes.filter((node) => node.holdsVip).map(({ vrrp }) => vrrp.name);
  }

  /** Waits for something; gives the milliseconds that it took. */
  async until(condition: () => boolean, what: string, limit = 20_000): Promise<number> {
    const begin = performance.now();
    while (!condition()) {
      if (performance.now() - begin > limit) {
        const logs = this.nodes.map(({ vrrp, log }) => `--- ${vrrp.name}\n${log.slice(-3_000)}`);
        throw new Error(
          [`waited in vain for ${what}; holders: ${this.holders().join(" ")}`, ...logs].join("\n"),
        );
      }
      await sleep(5);
    }
    return performance.now() - begin;
  }

  /** Takes the carrier from a node's link, as a pulled cable does, or gives it back. */
  carrier(node: RigNode, up: boolean): void {
    ip("-n", this.bridge, "link", "set", node.port, up ? "up" : "down");
  }

  /** Drops all of a node's packets in the switch, which the node cannot see: as a power-off does. */
  silence(node: RigNode, silent: boolean): void {
    // A port whose carrier has just come back takes no state yet.
    if (silent === this.silenced.has(node)) return;
    if (silent) this.silenced.add(node);
    else this.silenced.delete(node);
    // 0: disabled, 3: forwarding (bridge(8)).
    this.port(node, "state", silent ? "0" : "3");
  }

  /** Cuts the nodes off from each other, but not from the client. */
  partition(cut: boolean): void {
    for (const node of this.nodes) this.port(node, "isolated", cut ? "on" : "off");
  }

  private port(node: RigNode, option: string, value: string): void {
    execFileSync("bridge", ["-n", this.bridge, "link", "set", "dev", node.port, option, value], {
      stdio: "pipe",
    });
  }

  async end(): Promise<void> {
    this.ended = true;
    this.probe?.end();
    const steps = [
      ...this.nodes.map((node) => () => node.end()),
      ...[this.client, this.bridge].map((name) => async () => void ip("netns", "del", name)),
    ];
    // Each, whatever became of the others; a rig that was not finished has not all of them.
    for (const step of steps) await step().catch(() => undefined);
    rmSync(this.folder, { recursive: true, force: true });
  }
}
