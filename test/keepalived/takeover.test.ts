import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { takeoverBound, type VrrpSpec } from "../../domain/vrrp";
import { type Fault, faults, heal, trial } from "../../drill/bench/faults";
import { Rig, type RigNode } from "../../drill/rig/rig";
import { clock } from "../../local/clock";
import { specOf } from "./spec";

/**
 * Milliseconds on top of keepalived's timers, for the kernel, ARP, the client's own interval, and a machine that has other work.
 * How far it is from the formula on a quiet one, `npm run bench -- takeover` says.
 */
const tolerance = 200;
/** A trial may meet a moment in which this machine is busy with something else: the best of these counts. */
const tries = 8;

describe("keepalived", () => {
  let rig: Rig;
  let a: RigNode;
  let b: RigNode;
  before(async () => {
    rig = await Rig.make();
    [a, b] = [rig.node("a"), rig.node("b")];
  });
  afterEach(async () => {
    await heal(rig);
    await rig.stop();
  });
  after(() => rig?.end());

  /** The fault hits the holder until it was over in time once; every trial must end, and with the right holders. */
  async function takesOverInTime(fault: Fault, spec: VrrpSpec): Promise<void> {
    const bound = takeoverBound(spec, [a.vrrp.priority, b.vrrp.priority]);
    const limit = (fault.planned ? bound.planned : bound.crash) * 1000 + tolerance;
    const seen: number[] = [];
    for (let i = 0; i < tries; i++) {
      await rig.start(spec);
      const { old, takeover } = await trial(rig, fault);
      seen.push(takeover);
      const expected = fault.leavesVip ? ["a", "b"] : [old === "a" ? "b" : "a"];
      // What the dead one left behind is seen at once, before anybody takes it away.
      assert.deepEqual(rig.holders(), expected, `holders after ${fault.name}`);
      await heal(rig);
      await rig.stop();
      if (Math.min(...seen) <= limit) return;
    }
    assert.fail(
      `${fault.name}: ${seen.map((ms) => ms.toFixed(0)).join(", ")} ms, all above ${limit.toFixed(0)} ms`,
    );
  }

  for (const preset of ["fast", "instant"] as const)
    for (const name of ["SIGTERM", "kill -9", "link down", "silent drop", "switchover"] as const)
      it(`${preset}: after ${name} the backup answers within the formula's time and ${tolerance} ms`, async () => {
        await takesOverInTime(faults[name], specOf({ preset }));
      });

  it("steady: after kill -9 as well, which takes seconds", async () => {
    await takesOverInTime(faults["kill -9"], specOf({ preset: "steady" }));
  });

  it("killed with -9, is started again and takes off the VIP that it left, within 2.5 s", async () => {
    // With the default start-up delay: a node must not wait with that.
    await rig.start({ ...specOf({}), startupDelay: 2 });
    const killed = clock();
    a.signal("SIGKILL", "both");
    await rig.until(() => !a.holdsVip, "the stale VIP to go");
    await rig.until(() => b.holdsVip, "b to take over");
    assert.ok(clock() - killed < 2_500, `after ${clock() - killed} ms`);
    await rig.until(() => a.log.match(/Starting Keepalived/g)?.length === 2, "a to run again");
    await sleep(3_000);
    assert.deepEqual(rig.holders(), ["b"], "the one that came back stays a backup");
  });

  it("not restarted, leaves its VIP for ever: what the restart is for", async () => {
    await rig.start(specOf({}));
    a.supervised = false;
    a.signal("SIGKILL", "both");
    await rig.until(() => b.holdsVip, "b to take over");
    await sleep(2_500);
    assert.deepEqual(rig.holders(), ["a", "b"]);
  });

  it("started before its address is there, stays in FAULT: what await-address is for", async () => {
    await rig.start(specOf({}));
    await b.stop();
    const iproute = (object: string, verb: string, ...args: string[]): string =>
      b.run(["ip", object, verb, ...args]);
    iproute("link", "set", "eth1", "down");
    iproute("addr", "del", `${b.vrrp.address}/24`, "dev", "eth1");
    b.start();
    const said = join(b.folder, "run/ha-rancher/vrrp");
    const state = (): string => (existsSync(said) ? readFileSync(said, "utf8").split(" ")[0] : "") ?? "";
    await rig.until(() => state() === "FAULT", "a fault");
    iproute("link", "set", "eth1", "up");
    iproute("addr", "add", `${b.vrrp.address}/24`, "dev", "eth1");
    await sleep(2_500);
    assert.equal(state(), "FAULT");
    await b.stop();
    b.start();
    await rig.until(() => b.state === "BACKUP", "the next start to stand by");
    // The link took it along.
    iproute("addr", "add", `${b.vrrp.address6}/64`, "dev", "eth1", "nodad");
  });

  for (const [what, begin, end] of [
    ["a pause", (): void => a.signal("SIGSTOP", "both"), (): void => a.signal("SIGCONT", "both")],
    ["a partition", (): void => rig.partition(true), (): void => rig.partition(false)],
  ] as const)
    it(`after ${what} of 3 s there is exactly one holder within 1 s of healing`, async () => {
      const seen: number[] = [];
      for (let i = 0; i < tries; i++) {
        await rig.start(specOf({}));
        begin();
        await rig.until(() => rig.holders().length === 2, "both to hold the VIP: VRRP cannot prevent it");
        await sleep(3_000);
        end();
        seen.push(await rig.until(() => rig.holders().length === 1, "one to give it back"));
        // It stays so, and the client asks the right one.
        await sleep(300);
        const [holder, ...others] = rig.holders();
        assert.deepEqual(others, []);
        await rig.until(() => rig.probe.latest === holder, `${holder} to answer`);
        await rig.stop();
        if (Math.min(...seen) < 1_000) return;
      }
      assert.fail(`${what}: one holder only after ${seen.map((ms) => ms.toFixed(0)).join(", ")} ms`);
    });

  it("a VIP given back while nobody but the client hears of it is asked for at the other holder within 2 s", async () => {
    for (let i = 0; i < 3; i++) {
      await rig.start(specOf({}));
      rig.partition(true);
      await rig.until(() => rig.holders().length === 2 && rig.probe.latest === "b", "the client to ask b");
      // As a guard does that cannot have the lease; a does not see it.
      b.track("track", 1);
      await rig.until(() => rig.holders().join() === "a", "b to give the VIP back");
      const waited = await rig.until(() => rig.probe.latest === "a", "the client to ask a");
      assert.ok(waited < 2_000, `${waited.toFixed(0)} ms`);
      await heal(rig);
      await rig.stop();
    }
  });

  it("a node that comes back does not take the VIP from one that works, unless it shall", async () => {
    for (const preempt of [false, true]) {
      await rig.start(specOf({ keepalived: { preempt } }), "b");
      await sleep(1_500);
      assert.deepEqual(rig.holders(), [preempt ? "a" : "b"], `preempt ${preempt}`);
      assert.equal((preempt ? b : a).state, "BACKUP");
      await rig.stop();
    }
  });

  it("whatever is tracked and fails is a fault: the VIP moves", async () => {
    const track = {
      interfaces: ["eth0"],
      files: ["/run/ok"],
      scripts: [{ command: "/usr/bin/test -e /run/fit", fall: 1, rise: 1 }],
    };
    const touch = (name: string, command: string): string => a.run(["sh", "-c", `${command} /run/${name}`]);
    for (const node of rig.nodes) node.run(["sh", "-c", "echo 0 >/run/ok; touch /run/fit"]);
    for (const [what, fail, mend] of [
      [
        "an interface",
        () => a.run(["ip", "link", "set", "eth0x", "down"]),
        () => a.run(["ip", "link", "set", "eth0x", "up"]),
      ],
      ["a file", () => touch("ok", "echo 1 >"), () => touch("ok", "echo 0 >")],
      ["a script", () => touch("fit", "rm"), () => touch("fit", "touch")],
      ["the guard's file", () => a.track("track", 1), () => a.track("track", 0)],
      ["maintenance", () => a.maintenance(1), () => a.maintenance(0)],
    ] as const) {
      await rig.start(specOf({ keepalived: { track } }));
      fail();
      await rig.until(() => rig.holders().join() === "b", `the VIP to move because of ${what}`);
      mend();
      await sleep(500);
      assert.deepEqual(rig.holders(), ["b"], `after ${what} is well again`);
      await rig.stop();
    }
  });

  it("adding a VIP node by node, and another interval or priority, leaves exactly one holder all the time", async () => {
    const before = specOf({});
    await rig.start(before);
    const gaps: number[] = [];
    const steps: [string, VrrpSpec, number][] = [
      ["a second VIP", specOf({ furtherVips: ["192.168.56.20/24"] }), 140],
      ["another interval", specOf({ furtherVips: ["192.168.56.20/24"], advertInterval: "0.3" }), 140],
      ["another priority", specOf({ furtherVips: ["192.168.56.20/24"], advertInterval: "0.3" }), 160],
    ];
    for (const [what, spec, priority] of steps) {
      const since = clock();
      b.vrrp.priority = priority;
      // Backups first, the holder last.
      for (const node of [b, a]) {
        node.configure(rig.conf(node, spec), rig.facts(node, spec));
        node.signal("SIGHUP");
        for (let i = 0; i < 20; i++) {
          assert.deepEqual(rig.holders(), ["a"], `${what}, after ${node.vrrp.name} was reloaded`);
          await sleep(50);
        }
      }
      gaps.push(rig.probe.longestGap(since));
      rig.probe.forget();
    }
    b.vrrp.priority = 140;
    assert.match(a.run(["ip", "-o", "addr", "show"]), /192\.168\.56\.20\/24/);
    assert.ok(Math.min(...gaps) < 300, `the client waited ${gaps.map((ms) => ms.toFixed(0)).join(", ")} ms`);
  });

  it("one that is asked to end does not wait for its last second, unless a hook of the user's runs in it", async () => {
    const timeToEnd = async (more: { notify?: string }): Promise<number> => {
      await rig.start({ ...specOf({}), ...more });
      const begin = clock();
      await a.stop();
      const end = clock() - begin;
      assert.match(a.log, /Stopped Keepalived/);
      await rig.until(() => rig.holders().join() === "b", "b to have the VIP");
      await rig.stop();
      return end;
    };
    const without = await timeToEnd({});
    const withHook = await timeToEnd({ notify: "/usr/bin/true" });
    assert.ok(
      without < withHook - 400,
      `${without.toFixed(0)} ms, and ${withHook.toFixed(0)} ms with a hook`,
    );
  });

  it("IPv6 VIPs move with the IPv4 one, with an instance of their own and without", async () => {
    const spec = specOf({ furtherVips: ["fd00:56::10/64"] });
    const hasSix = (node: RigNode): boolean => /fd00:56::10\/64/.test(node.run(["ip", "-o", "addr", "show"]));
    const addresses = rig.nodes.map(({ vrrp }) => vrrp.address6);
    try {
      for (const own of [true, false]) {
        for (const [i, { vrrp }] of rig.nodes.entries()) vrrp.address6 = own ? addresses[i] : undefined;
        await rig.start(spec);
        assert.equal(rig.conf(a, spec).includes("vrrp_sync_group"), own);
        await rig.until(() => hasSix(a), "a to have the IPv6 VIP");
        assert.equal(hasSix(b), false);
        a.track("yield", 1);
        await rig.until(() => rig.holders().join() === "b" && hasSix(b) && !hasSix(a), "both VIPs to move");
        a.track("yield", 0);
        await rig.stop();
      }
    } finally {
      for (const [i, { vrrp }] of rig.nodes.entries()) vrrp.address6 = addresses[i];
    }
  });
});
