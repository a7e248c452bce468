import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { keepalivedConf, specFingerprint } from "../../domain/keepalived-conf";
import { vipFacts } from "../../domain/vip-facts";
import { parseSettings } from "../../settings";
import { vrrpSpec } from "../../settings/floating-ip";
import { type GuardedNode, Pair, times, until } from "./nodes";

/** keepalived without a file of ours. */
const unknownKeepalived = {
  ...{ version: "2.2.7", settings: null, edited: true, since: null },
  ...{ peers: [], heard: null, maintenance: false },
};

/** What no node of the test differs in. */
const common = {
  fencing: { agent: null, watchdog: false },
  timers: {
    ...{ heartbeat: times.heartbeat, giveUp: times.giveUp, watchdog: times.watchdog },
    ...{ lease: times.leaseTime, serverLease: null },
  },
};

describe("node-status", () => {
  let pair: Pair;
  let a: GuardedNode;
  let b: GuardedNode;
  before(async () => {
    pair = new Pair();
    ({ a, b } = pair);
    await Promise.all([a.ready(), b.ready()]);
    a.setVip(true);
    a.set("keepalived");
    writeFileSync(join(a.home, "run", "vrrp"), "MASTER\n");
    await until(() => a.state === "ACTIVE", "a to be active", a);
    // It looks once a heartbeat.
    const seen = async () => ((await b.status()).lease as { owner: string | null }).owner;
    for (let i = 0; i < 100 && (await seen()) !== "a"; i++) await sleep(100);
  });
  after(() => pair.end());

  it("tells of the active node", async () => {
    const { guard, uptime, ...rest } = (await a.status()) as {
      guard: { since: number; reason: string };
      uptime: number;
    };
    const { since, ...said } = guard;
    assert.deepEqual(said, { state: "ACTIVE", epoch: 1, reason: "the service is well" });
    assert.ok(Number.isInteger(since) && since >= 0 && since < 30, `since ${since}`);
    assert.ok(Number.isInteger(uptime) && uptime > 0);
    assert.deepEqual(rest, {
      node: "a",
      holdsVip: true,
      vrrpState: "MASTER",
      keepalived: unknownKeepalived,
      lease: { owner: "a", epoch: 1, heldHere: true },
      container: { state: "running" },
      mounts: { lease: true, data: true },
      health: { state: "ok", reason: null, restarts: 0 },
      ...common,
    });
  });

  it("tells of a standby node, which sees who has the lease", async () => {
    const { guard, uptime, ...rest } = (await b.status()) as { guard: { state: string }; uptime: number };
    assert.equal(guard.state, "STANDBY");
    assert.ok(uptime > 0);
    assert.deepEqual(rest, {
      node: "b",
      holdsVip: false,
      // What keepalived said last counts for nothing once it does not run.
      vrrpState: "STOPPED",
      keepalived: unknownKeepalived,
      lease: { owner: "a", epoch: 1, heldHere: false },
      container: { state: "exited" },
      mounts: { lease: true, data: false },
      health: { state: "unknown", reason: null, restarts: 0 },
      ...common,
    });
  });

  for (const [said, state] of [
    ["BACKUP\n", "BACKUP"],
    ["FAULT\n", "FAULT"],
    ["STOP\n", "STOPPED"],
    ["", "INIT"],
    ['"}\n', "INIT"],
  ] as const)
    it(`takes ${JSON.stringify(said)} of keepalived for ${state}`, async () => {
      b.set("keepalived");
      writeFileSync(join(b.home, "run", "vrrp"), said);
      assert.equal((await b.status()).vrrpState, state);
    });

  it("tells what keepalived runs with, since when, and whom it hears", async () => {
    b.set("keepalived");
    const uptime = Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]);
    writeFileSync(join(b.home, "run", "vrrp"), `BACKUP ${(uptime - 5).toFixed(2)}\n`);
    const spec = vrrpSpec(
      parseSettings({
        vip: "192.168.56.10/24",
        furtherVips: '["fd00:56::10/64"]',
        nodes: JSON.stringify([
          { name: "a", address: "192.168.56.11" },
          { name: "b", address: "192.168.56.1" },
        ]),
      }),
    );
    const node = (name: string, address: string, priority: number) => ({ name, address, priority });
    const peers = [
      node("a", "192.168.56.11", 150),
      { ...node("c", "192.168.56.1", 130), address6: "fd00:56::1" },
    ];
    const conf = { spec, node: node("b", "192.168.56.12", 140), interface: "eth1", version: "2.2.7" };
    const text = keepalivedConf({ ...conf, peers });
    b.set("keepalived.conf", text);
    b.set("vip.env", vipFacts({ ...conf, peers }));
    b.set("maintenance", "1\n");
    const set = (elements: string): string =>
      `table inet ha_rancher {\n\tset heard4 {\n\t\ttype ipv4_addr\n\t\ttimeout 3s\n\t\telements = { ${elements} }\n\t}\n}\n`;
    b.set("heard", set("10.0.0.1 expires 1s,\n\t\t\t     192.168.56.11 expires 2s960ms"));
    const { since, ...said } = (await b.status()).keepalived as Record<string, unknown>;
    assert.ok(typeof since === "number" && since >= 5 && since < 30, `since ${since}`);
    const all = ["192.168.56.11", "192.168.56.1", "fd00:56::1"];
    const settings = specFingerprint(spec, [conf.node, ...peers]);
    const expected = {
      version: "2.2.7",
      settings,
      edited: false,
      peers: all,
      heard: all.slice(0, 1),
      maintenance: true,
    };
    assert.deepEqual(said, expected);

    b.set("keepalived.conf", text.replace("priority 140", "priority 141"));
    b.set("heard", set("192.168.56.110 expires 1s"));
    const edited = (await b.status()).keepalived as Record<string, unknown>;
    assert.equal(edited.edited, true);
    assert.equal(edited.settings, null);
    assert.deepEqual(edited.heard, []);
  });

  it("does not take a dead guard's word", async () => {
    await b.signal("SIGKILL");
    assert.deepEqual((await b.status()).guard, {
      state: "STOPPED",
      since: null,
      epoch: null,
      reason: "no guard runs",
    });
    assert.deepEqual((await b.status()).lease, { owner: null, epoch: null, heldHere: false });
  });

  it("says why no guard runs on a node that an upgrade keeps out", async () => {
    await b.signal("SIGKILL");
    b.set("kept-out", "rancher-1a2b3c4d\n");
    const guard = (await b.status()).guard as Record<string, unknown>;
    assert.equal(guard.state, "STOPPED");
    assert.match(String(guard.reason), /^kept out of service by an upgrade .*`npm run up`/);
    b.unset("kept-out");
  });

  it("puts whatever a reason holds into JSON", async () => {
    const reason = 'a "quoted" \\ back\\slash \t\u0001\u001f\u007f é 漢 \'$(id)` %s \\u0041';
    const text = `process=${process.pid} ${startOf(process.pid)}\nstate=ACTIVE\nsince=0\nepoch=007\nreason=${reason}\nlease_owner="\nlease_epoch=x\nlease_here=1\n=\n`;
    writeFileSync(join(b.home, "run", "state"), text);
    const status = (await b.status()) as { guard: Record<string, unknown>; lease: unknown };
    assert.equal(status.guard.reason, reason);
    assert.equal(status.guard.epoch, null);
    assert.deepEqual(status.lease, { owner: '"', epoch: null, heldHere: true });
  });

  it("does not hang when everything that it asks does", async () => {
    b.set("hang-docker");
    b.set("hang-systemctl");
    b.set("hang-nft");
    const begin = performance.now();
    const status = await b.status();
    const took = (performance.now() - begin) / 1000;
    assert.ok(took < 8, `took ${took} s`);
    assert.deepEqual(status.container, { state: "unknown" });
    assert.equal(status.vrrpState, null, "not to answer is not to be stopped");
  });
});

/** When a process was started, as the kernel counts. */
function startOf(pid: number): string {
  return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")[19] ?? "";
}
