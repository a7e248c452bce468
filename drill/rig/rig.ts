import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { keepalivedConf } from "../../domain/keepalived-conf";
import { vipFacts } from "../../domain/vip-facts";
import type { VrrpSpec } from "../../domain/vrrp";
import type { KeepalivedConf, VrrpNode } from "../../domain/vrrp-instances";
import { Probe } from "./probe";
import { ip, pidsIn, RigNode, rigVip } from "./rig-node";

export { RigNode, rigVip } from "./rig-node";

/*
 * Nodes with the real keepalived on this machine, for tests and benchmarks. Each node is a network namespace with its
 * own /etc, /run and /usr/local/lib. A bridge in another namespace joins them with a client that asks the VIP. Nothing
 * in it can reach another network, and nothing is left of it afterwards.
 */

/** The version of the keepalived on this machine. */
function installedVersion(): string {
  const text = execFileSync("sh", ["-c", "keepalived --version 2>&1"], { encoding: "utf8" });
  return /^Keepalived v([\d.]+)/m.exec(text)?.[1] ?? "0";
}

let rigs = 0;

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

interface RigOptions {
  /** Default: two, `a` with priority 150 and `b` with 140. */
  nodes?: VrrpNode[];
  /**
   * Who asks the VIP: a namespace with a probe, or this process itself, which then must be in a network namespace of its own.
   * Default: the probe.
   */
  client?: "probe" | "this process";
}

export class Rig {
  readonly id = `hr${process.pid}-${++rigs}`;
  readonly bridge = `${this.id}-s`;
  readonly folder = mkdtempSync(join(tmpdir(), "vrrp-rig-"));
  readonly nodes: RigNode[];
  probe!: Probe;
  ended = false;
  /** The namespace of the client. */
  readonly client = `${this.id}-p`;
  private readonly asks: "probe" | "this process";
  private readonly silenced = new Set<RigNode>();

  private constructor({ nodes, client = "probe" }: RigOptions) {
    this.asks = client;
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
    const isProbe = this.asks === "probe";
    if (isProbe) ip("netns", "add", this.client);
    const there = isProbe ? ["-n", this.client] : [];
    ip(...there, "link", "add", "eth1", "type", "veth", "peer", "client", "netns", this.bridge);
    ip("-n", this.bridge, "link", "set", "client", "master", "br0", "up");
    ip(...there, "link", "set", "eth1", "up");
    ip(...there, "addr", "add", "192.168.56.99/24", "dev", "eth1");
    if (!isProbe) return;
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

  private settings(node: RigNode, spec: VrrpSpec): KeepalivedConf {
    return {
      spec,
      node: node.vrrp,
      interface: "eth1",
      peers: this.nodes.filter((other) => other !== node).map(({ vrrp }) => vrrp),
      version: installedVersion(),
    };
  }

  /** keepalived.conf of a node. */
  conf(node: RigNode, spec: VrrpSpec): string {
    return keepalivedConf(this.settings(node, spec));
  }

  /** vip.env of a node. */
  facts(node: RigNode, spec: VrrpSpec): string {
    return vipFacts(this.settings(node, spec));
  }

  /** Starts keepalived on all nodes, and waits until the node `first` holds the VIP and answers. */
  async start(spec: VrrpSpec, first = "a"): Promise<void> {
    for (const node of this.nodes) {
      node.configure(this.conf(node, spec), this.facts(node, spec));
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
    for (const node of this.nodes) {
      node.log = "";
      // A keepalived that was killed leaves the VIP on the interface.
      if (node.holdsVip) ip("-n", node.namespace, "addr", "flush", "dev", "eth1", "to", rigVip.address);
    }
  }

  /** Names of the nodes that have the VIP on an interface. */
  holders(): string[] {
    return this.nodes.filter((node) => node.holdsVip).map(({ vrrp }) => vrrp.name);
  }

  /** Waits for a condition. @returns how long it took, milliseconds */
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

  /** Takes the carrier from a node's link as a pulled cable does, or gives it back. */
  carrier(node: RigNode, up: boolean): void {
    ip("-n", this.bridge, "link", "set", node.port, up ? "up" : "down");
  }

  /** Drops all packets of a node in the switch. The node cannot see that; for others it is like a power-off. */
  silence(node: RigNode, silent: boolean): void {
    // A port whose carrier has just come back accepts no state yet.
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
    // Every step runs, even if another one fails: a rig that was not finished does not have all parts.
    for (const step of steps) await step().catch(() => undefined);
    rmSync(this.folder, { recursive: true, force: true });
  }
}
