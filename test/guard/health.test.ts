import assert from "node:assert/strict";
import { describe } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type Pair, times, until } from "./nodes";
import { becomesActive, seconds, withNodes } from "./with-nodes";

const { healthEvery, healthTimeout, healthFailures, heartbeat } = times;
/** Seconds in which a hang must be seen. */
const seenWithin = healthEvery + healthFailures * healthTimeout + 2 * heartbeat;

const startsOf = (pair: Pair): number => pair.log.filter((line) => line === "a container-started").length;

describe("the guard, of the service's health", { concurrency: 3 }, () => {
  withNodes("is not active before the service is well", async (_, a) => {
    a.set("fail-health");
    a.setVip(true);
    await until(() => a.state === "STARTING" && a.containerRuns, "a to be starting", a);
    await until(() => a.health === "failing", "the failure to be seen", a);
    assert.equal(a.state, "STARTING");
    a.unset("fail-health");
    await until(() => a.state === "ACTIVE", "a to be active", a);
  });

  withNodes(
    "sees a hang with an open port, starts the container again here, and then lets another try",
    async (pair, a, b) => {
      await becomesActive(a);
      a.set("hang-health");
      const hung = performance.now();
      await a.says(/the service is not well, starting it again: .*healthz/);
      assert.ok(seconds(hung) < seenWithin + 1, `seen after ${seconds(hung)} s`);
      a.unset("hang-health");
      await until(() => startsOf(pair) === 2 && a.state === "ACTIVE", "a to be active again", a);
      assert.equal(pair.epoch, 1, "a local start is no new owner");

      a.set("hang-health");
      await until(() => a.state === "STANDBY" && !a.mayHoldVip, "a to step down", a);
      await a.says(/starting it again did not help/);
      assert.match(pair.record, /released$/);
      a.setVip(false);
      await becomesActive(b);
      assert.deepEqual(await pair.writersUntil(b), ["a", "b"]);
      a.unset("hang-health");
    },
  );

  withNodes("does not start the container again for failures that are over soon", async (pair, a) => {
    await becomesActive(a);
    a.set("fail-health");
    await sleep(healthFailures * healthTimeout * 500);
    a.unset("fail-health");
    await sleep((healthFailures * healthTimeout + healthEvery) * 1000);
    assert.doesNotMatch(a.said, /starting it again/);
    assert.equal(startsOf(pair), 1);
    a.set("fail-health");
    await a.says(/not well, starting it again: .*503/);
    a.unset("fail-health");
  });

  withNodes("sees that the datastore does not answer behind a front that does", async (pair, a) => {
    await becomesActive(a);
    a.set("fail-deep");
    await a.says(/not well, starting it again: .*\/deep/);
    a.unset("fail-deep");
    await until(() => startsOf(pair) === 2 && a.state === "ACTIVE", "a to be active again", a);
    assert.equal(pair.epoch, 1);
  });

  withNodes("steps down when the service is not well in time after its start", async (pair, a) => {
    a.set("fail-health");
    a.setVip(true);
    await until(() => a.state === "STANDBY" && !a.mayHoldVip, "a to step down", a);
    await a.says(/is not well \d+ s after its start: .*503/);
    assert.match(pair.record, /released$/);
    a.unset("fail-health");
    await until(() => a.state === "ACTIVE", "a to try again", a);
  });

  withNodes("does not start the container again while the NFS server is only just back", async (pair, a) => {
    await becomesActive(a);
    a.set("hang-dd");
    a.set("fail-health");
    await sleep(times.giveUp * 500);
    a.unset("hang-dd");
    // In its grace time: heartbeats go on, and nobody is let open a file.
    await sleep((2 * healthFailures * healthTimeout + healthEvery) * 1000);
    assert.equal(a.state, "ACTIVE");
    assert.equal(startsOf(pair), 1);
    a.unset("fail-health");
    await until(() => a.health === "ok", "the service to be well", a);
    assert.doesNotMatch(a.said, /starting it again/);
  });

  withNodes("does not start the container again for an NFS server that hangs", async (pair, a) => {
    await becomesActive(a);
    a.set("hang-dd");
    a.set("hang-health");
    await until(() => !a.containerRuns, "the container to be killed", a);
    await a.says(/giving up/);
    assert.doesNotMatch(a.said, /starting it again/);
    assert.deepEqual(pair.writers, ["a"]);
    a.unset("hang-health");
  });
});
