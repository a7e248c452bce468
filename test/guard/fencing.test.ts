import assert from "node:assert/strict";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type GuardedNode, Pair, times, until } from "./nodes";
import { becomesActive } from "./with-nodes";

/** Both nodes' guards, with an agent that fences for them. */
function withAgent(name: string, test: (pair: Pair, a: GuardedNode, b: GuardedNode) => Promise<void>): void {
  it(name, async () => {
    const pair = new Pair();
    try {
      for (const [node, other] of [
        [pair.a, "b"],
        [pair.b, "a"],
      ] as const) {
        mkdirSync(join(node.home, "fence"));
        node.set(join("fence", other), `# how\nplug=vm-${other}\n# secret\npassword=hunter2\n`);
        node.configure({ fenceAgent: "fence_fake" });
      }
      await Promise.all([pair.a.ready(), pair.b.ready()]);
      await test(pair, pair.a, pair.b);
    } finally {
      await pair.end();
    }
  });
}

/** The guard of a node dies, and nothing stops its container; the other one gets VIP and lock. */
async function leaveRunning(a: GuardedNode, b: GuardedNode): Promise<void> {
  await becomesActive(a);
  await a.signal("SIGKILL");
  a.setVip(false);
  b.setVip(true);
}

describe("the guard, with a fence agent", { concurrency: 3 }, () => {
  withAgent(
    "starts once the last owner is confirmed off, without waiting for its time to be over",
    async (pair, a, b) => {
      await leaveRunning(a, b);
      // The agent's doing.
      await until(() => pair.log.includes("b fence off vm-a arguments=0"), "a to be fenced", b);
      await a.stopPost();
      await until(() => b.state === "ACTIVE", "b to be active", b);
      assert.deepEqual(
        pair.log.filter((line) => line.includes("fence")),
        ["b fence off vm-a arguments=0", "b fence status vm-a arguments=0"],
      );
      await b.says(/fenced: a confirmed off/);
    },
  );

  for (const [what, lie, reason] of [
    ["fails", "fence-fails", /nothing is started: fence_fake off a: cannot log in with \*\*\*/],
    [
      "does not confirm it",
      "fence-lies",
      /nothing is started: fence_fake says that a is not off: Status: ON/,
    ],
  ] as const)
    withAgent(
      `starts nothing while the agent ${what}, however long, and shows no secret`,
      async (pair, a, b) => {
        b.set(lie);
        await leaveRunning(a, b);
        await b.says(reason);
        await sleep((times.watchdog + 2 * times.heartbeat) * 1000);
        assert.equal(b.state, "WAIT");
        assert.equal(b.containerRuns, false);
        assert.doesNotMatch(b.said, /hunter2/);
        await a.stopPost();
        b.unset(lie);
        await until(() => b.state === "ACTIVE", "b to be active", b);
        assert.deepEqual(await pair.writersUntil(b), ["a", "b"]);
      },
    );

  withAgent("takes an operator's word for it, once", async (pair, a, b) => {
    b.set("fence-fails");
    await leaveRunning(a, b);
    await b.says(/nothing is started/);
    await a.stopPost();
    await b.run("fence", b.configuration, "--is-off", "a");
    await until(() => b.state === "ACTIVE", "b to be active", b);
    assert.deepEqual(await pair.writersUntil(b), ["a", "b"]);
    await assert.rejects(b.run("fence", b.configuration, "a"));
  });

  withAgent("fences nobody after a clean release", async (pair, a, b) => {
    await becomesActive(a);
    a.setVip(false);
    await becomesActive(b);
    assert.ok(!pair.log.some((line) => line.includes("fence")), pair.log.join("\n"));
  });
});

describe("the node's watchdog", () => {
  it("is armed through PID 1 for as long as the guard's timers say, and it is an error if that fails", async () => {
    const pair = new Pair();
    const { a } = pair;
    try {
      a.configure({
        times: { ...times, heartbeat: 0.5, giveUp: 2, watchdog: 7.5, leaseTime: 15, graceTime: 20 },
      });
      await assert.rejects(a.run("watchdog", "arm", a.configuration), /PID 1 does not hold/);
      assert.deepEqual(pair.log, ["a modprobe softdog", "a busctl RuntimeWatchdogUSec t 7000000"]);
      a.set("watchdog");
      mkdirSync(join(a.home, "init"));
      a.set("other");
      symlinkSync(join(a.home, "other"), join(a.home, "init", "3"));
      await assert.rejects(a.run("watchdog", "arm", a.configuration), /PID 1 does not hold/);
      symlinkSync(join(a.home, "watchdog"), join(a.home, "init", "4"));
      await a.run("watchdog", "arm", a.configuration);
      assert.deepEqual(((await a.status()) as { fencing: unknown }).fencing, { agent: null, watchdog: true });
      writeFileSync(join(pair.folder, "log"), "");
      await a.run("watchdog", "disarm", a.configuration);
      assert.deepEqual(pair.log, ["a busctl RuntimeWatchdogUSec t 0"]);
    } finally {
      await pair.end();
    }
  });
});
