import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { completeSpec, type VrrpSpec } from "../../domain/vrrp";
import { Rig, type RigNode } from "../../drill/rig/rig";
import { ip } from "../../drill/rig/rig-node";
import { clock } from "../../local/clock";
import type { AddressVip } from "../../workloads/address";
import { addressConfiguration } from "../../workloads/address/agent-configuration";
import { floatingIpOf } from "../../workloads/address/floating-ip";

/*
 * Floating IPs alone, as on nodes: the real keepalived, the real agent, and a small web server on each of two nodes, which is
 * killed.
 */

const port = 8088;
const vips: AddressVip[] = [
  { name: "web", vip: { address: "192.168.56.10", prefix: 24 }, checks: [{ tcp: port }] },
  {
    name: "api",
    vip: { address: "192.168.56.20", prefix: 24 },
    preferred: "b",
    preempt: true,
    checks: [{ http: { port } }, { command: ["/usr/bin/test", "!", "-e", "/run/hot"], weight: 30 }],
  },
];

describe("floating IPs alone, with the real keepalived and the real agent", () => {
  let rig: Rig;
  let a: RigNode;
  let b: RigNode;
  const spec: VrrpSpec = { ...completeSpec(floatingIpOf({ vips })), startupDelay: 0 };
  const children: ChildProcess[] = [];
  const servers = new Map<RigNode, ChildProcess>();

  const start = (node: RigNode, ...argv: string[]): ChildProcess => {
    const child = spawn(...node.inside(...argv), { stdio: "ignore" });
    children.push(child);
    return child;
  };
  const serve = (node: RigNode): void => {
    servers.set(node, start(node, "python3", "-m", "http.server", String(port), "-d", "/run/ha-rancher"));
  };
  const unserve = (node: RigNode): void => void servers.get(node)?.kill("SIGKILL");
  const has = (node: RigNode, last: number): boolean =>
    ip("-n", node.namespace, "-o", "addr", "show", "to", `192.168.56.${last}`).trim() !== "";
  /** Names of the nodes that have the VIP of that last number. */
  const holders = (last: number): string =>
    rig.nodes
      .filter((node) => has(node, last))
      .map(({ vrrp }) => vrrp.name)
      .join(" ");
  const until = (what: string, web: string, api: string, limit?: number): Promise<number> =>
    rig.until(
      () => holders(10) === web && holders(20) === api,
      `${what}: web on ${web}, api on ${api}`,
      limit,
    );

  before(async () => {
    rig = await Rig.make();
    [a, b] = [rig.node("a"), rig.node("b")];
    for (const node of rig.nodes) {
      const { name, address } = node.vrrp;
      const peers = rig.nodes.filter((other) => other !== node).map(({ vrrp }) => vrrp.name);
      const told = addressConfiguration({
        node: name,
        peers,
        address,
        vips,
        first: "a",
        times: { holdOff: 2 },
      });
      writeFileSync(join(node.folder, "etc/ha-rancher/agent.json"), told);
      node.configure(rig.conf(node, spec), rig.facts(node, spec));
      node.supervised = true;
      serve(node);
      node.start();
      // As its unit starts it, from the set that is installed there.
      start(node, "/usr/bin/python3", "-I", "-S", "-B", "/usr/local/lib/ha-rancher/current/agent", "agent");
    }
  });
  after(async () => {
    for (const child of children) child.kill("SIGKILL");
    await rig?.end();
  });

  it("each VIP comes up on its preferred node", async () => {
    await until("at first", "a", "b", 30_000);
    // The one that is not preferred lets the other one go first for some seconds.
    const fit = (node: RigNode, vip: string): boolean =>
      node.run(["cat", `/run/ha-rancher/track-${vip}`]) === "0\n";
    await rig.until(() => fit(a, "api") && fit(b, "web"), "each to be fit for the other one's", 20_000);
  });

  it("where the web server is killed, each VIP is elsewhere within 2 s, and only the one that may goes back", async () => {
    for (let i = 0; i < 5; i++) {
      const killed = clock();
      unserve(b);
      await until("api leaves b", "a", "a");
      assert.ok(clock() - killed < 2_000, `after ${clock() - killed} ms`);
      serve(b);
      await until("api goes back", "a", "b");
    }
    unserve(a);
    await until("web leaves a", "b", "b");
    serve(a);
    // Fit again, and nothing moves: it has no `preempt`.
    await rig.until(() => a.run(["cat", "/run/ha-rancher/track-web"]) === "0\n", "a to be fit again");
    await until("web stays", "b", "b");
  });

  it("a weight moves a VIP, and gives it back", async () => {
    writeFileSync(join(b.folder, "run/hot"), "");
    await until("api goes where the priority is higher", "b", "a");
    b.run(["rm", "/run/hot"]);
    await until("api goes back", "b", "b");
  });

  it("a node that is silent loses both, and a node in maintenance has none", async () => {
    rig.silence(b, true);
    await rig.until(() => has(a, 10) && has(a, 20), "a to have both");
    rig.silence(b, false);
    await until("after healing", "a", "b");
    b.run(["/usr/local/lib/ha-rancher/current/keepalived/maintenance", "on"]);
    await until("in maintenance", "a", "a");
    b.run(["/usr/local/lib/ha-rancher/current/keepalived/maintenance", "off"]);
    b.run(["/usr/local/lib/ha-rancher/current/host/agent", "hand-over", "0"]);
    await until("afterwards", "a", "b");
  });
});
