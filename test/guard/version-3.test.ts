import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Pair, times, until } from "./nodes";

describe("the guard with NFS version 3", () => {
  it("lets one be active, and another only after it is silent and its own claim has stood", async () => {
    const pair = new Pair();
    const { a, b } = pair;
    try {
      for (const node of [a, b]) {
        node.configure({ nfsVersion: "3" });
        node.mountLease("nfs");
        // There is none with version 3.
        node.unset("identity");
      }
      await Promise.all([a.ready(), b.ready()]);
      a.setVip(true);
      await until(() => a.state === "ACTIVE" && a.containerRuns, "a to be active", a);
      // Both have the VIP, and it is of no use.
      b.setVip(true);
      await until(() => !b.mayHoldVip, "b to give the VIP back", a, b);
      assert.equal(b.containerRuns, false);

      const killed = performance.now();
      await a.signal("SIGKILL");
      a.setVip(false);
      await a.stopPost();
      await until(() => b.state === "ACTIVE" && b.containerRuns, "b to be active", b);
      const took = (performance.now() - killed) / 1000;
      assert.ok(took > 2 * times.watchdog - times.heartbeat, `b was active after ${took} s`);
      assert.deepEqual(await pair.writersUntil(b), ["a", "b"]);
      assert.equal(pair.epoch, 2);
    } finally {
      await pair.end();
    }
  });
});
