import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { times, until } from "./nodes";
import { becomesActive, seconds, withNodes } from "./with-nodes";

describe("a guard that loses its lease, or may have", { concurrency: 3 }, () => {
  withNodes("gives up in time when the lease directory hangs", async (pair, a, b) => {
    await becomesActive(a);
    a.set("hang-dd");
    const hung = performance.now();
    await until(() => !a.containerRuns, "the container to be killed", a);
    assert.ok(seconds(hung) > times.giveUp - 3 * times.heartbeat, `killed after ${seconds(hung)} s`);
    assert.ok(seconds(hung) < times.watchdog, `killed after ${seconds(hung)} s`);
    await a.says(/no heartbeat since \d+ ms: giving up/);
    await until(() => a.state === "STANDBY", "a to be standby", a);
    assert.equal(a.hasDataMounted, false);
    assert.equal(a.mayHoldVip, false);
    a.setVip(false);
    await becomesActive(b);
    assert.deepEqual(await pair.writersUntil(b), ["a", "b"]);
  });

  withNodes("stops at once when the server has taken the lock away", async (_, a) => {
    await becomesActive(a);
    a.set("fail-dd");
    const lost = performance.now();
    await until(() => !a.containerRuns, "the container to be killed", a);
    assert.ok(seconds(lost) < times.giveUp, `killed after ${seconds(lost)} s`);
    await a.says(/the lease is lost: the lease cannot be written/);
  });

  withNodes("does not start a container again that ended because the lease is lost", async (pair, a) => {
    await becomesActive(a);
    const beaten = (): string => readFileSync(join(a.home, "run", "beaten"), "utf8");
    const before = beaten();
    // Right after a heartbeat: the next one is not before the guard has seen that the container is gone.
    await until(() => beaten() !== before, "a heartbeat", a);
    a.set("hang-dd");
    a.set("fail-dd");
    process.kill(Number(readFileSync(join(a.home, "container"), "utf8")), "SIGKILL");
    await a.says(/the container ended, starting it again/);
    await sleep(2 * times.heartbeat * 1000);
    a.unset("hang-dd");
    await a.says(/the lease is lost: the lease cannot be written/);
    await until(() => a.state === "STANDBY", "a to be standby", a);
    assert.deepEqual(
      pair.log.filter((line) => line === "a container-started"),
      ["a container-started"],
    );
  });

  withNodes("stops at once when somebody else has written a later epoch", async (pair, a) => {
    await becomesActive(a);
    writeFileSync(join(pair.folder, "lease", "epoch"), "7\n");
    await until(() => !a.containerRuns, "the container to be killed", a);
    await a.says(/the epoch on the server is 7, not 1/);
    await until(() => pair.epoch === 8, "an epoch above it", a);
  });

  withNodes("resets the node when the container cannot be stopped", async (pair, a) => {
    await becomesActive(a);
    // Docker is carrying out a start of which nobody knows how it ends.
    writeFileSync(join(a.home, "run", "starting"), "");
    a.set("hang-docker");
    a.set("hang-dd");
    await until(() => pair.log.includes("a systemctl --force --force reboot"), "the reset", a);
    assert.equal(
      readFileSync(join(a.home, "reset"), "utf8"),
      "b\n",
      "at once, without writing anything back",
    );
    await a.says(/cannot be stopped: resetting this node/);
  });

  withNodes("resets the node in time when the container hangs in its end", async (pair, a) => {
    await becomesActive(a);
    // As the kernel says it of a container that has been killed and waits for NFS.
    const events = join(a.home, "groups", "docker", "f00", "cgroup.events");
    writeFileSync(events, "populated 1\nfrozen 0\n");
    a.set("hang-dd");
    const hung = performance.now();
    await until(() => existsSync(join(a.home, "reset")), "the reset", a);
    assert.ok(pair.log.includes("a data-unmounted"), "the data goes before");
    // Beside its times, a few programs are started.
    assert.ok(seconds(hung) < times.watchdog + 4 * times.heartbeat, `reset after ${seconds(hung)} s`);
    rmSync(events);
  });

  withNodes("kills the container by itself when it gives up, however slowly programs start", async (_, a) => {
    await becomesActive(a);
    a.set("slow");
    a.set("hang-dd");
    // What is slow must not be waited for by whoever clears up.
    await until(() => !a.containerRuns, "the container to be killed", a).finally(() => a.unset("slow"));
    await until(() => a.state === "STANDBY", "the rest of it", a);
  });

  withNodes(
    "kills a container that Docker is still starting, without it, before its data goes",
    async (pair, a) => {
      a.set("hang-start");
      a.setVip(true);
      await until(() => a.containerRuns, "the container to run", a);
      // Docker has not told its number, and does not answer any more.
      a.set("hang-docker");
      await a.signal("SIGKILL");
      await assert.rejects(a.stopPost());
      assert.equal(a.containerRuns, false);
      // What Docker may still do nobody knows.
      assert.ok(pair.log.includes("a systemctl --force --force reboot"));
      assert.ok(!existsSync(join(a.home, "run", "container")));
    },
  );

  withNodes("kills the groups below the container's, too, where the kernel can", async (_, a) => {
    await becomesActive(a);
    const kill = join(a.home, "groups", "docker", "f00", "cgroup.kill");
    writeFileSync(kill, "");
    a.set("hang-dd");
    await until(() => !a.containerRuns, "the container to be killed", a);
    assert.equal(readFileSync(kill, "utf8"), "1\n");
  });

  withNodes("is certain, or resets the node, in time after the last heartbeat", async (pair, a) => {
    await becomesActive(a);
    const run = join(a.home, "run");
    const up = (): number => Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]) * 1000;
    const beaten = (): number => Number(readFileSync(join(run, "beaten"), "utf8"));
    const first = beaten();
    await until(() => beaten() > first, "another heartbeat", a);
    assert.ok(up() - beaten() < times.giveUp * 1000);
    await a.signal("SIGKILL");
    writeFileSync(join(run, "starting"), "");
    a.set("hang-docker");

    // As long as there is time, Docker may answer.
    writeFileSync(join(run, "beaten"), `${Math.round(up()) + 3_600_000}\n`);
    const post = a.stopPost();
    await until(() => pair.log.includes("a data-unmounted"), "the data to go, whatever Docker says", a);
    await sleep(times.watchdog * 1000);
    assert.ok(!pair.log.some((line) => line.includes("reboot")), "reset before its time");
    rmSync(join(run, "starting"));
    await post;
    assert.ok(!existsSync(join(run, "beaten")));

    writeFileSync(join(run, "starting"), "");
    writeFileSync(join(run, "beaten"), "0\n");
    await assert.rejects(a.stopPost());
    assert.ok(pair.log.includes("a systemctl --force --force reboot"));
  });

  withNodes(
    "stopped by a signal, is killed by systemd's watchdog and succeeded after that",
    async (pair, a, b) => {
      await becomesActive(a);
      a.pause();
      const hung = performance.now();
      a.setVip(false);
      b.setVip(true);
      // What systemd does when the guard does not say that it lives for GIVE_UP.
      await sleep(times.giveUp * 1000);
      assert.equal(b.containerRuns, false);
      await a.signal("SIGKILL");
      await a.stopPost();
      assert.equal(a.containerRuns, false);
      assert.ok(seconds(hung) < times.watchdog, `a was silent after ${seconds(hung)} s`);
      await until(() => b.containerRuns, "b to be active", a, b);
      assert.deepEqual(await pair.writersUntil(b), ["a", "b"]);
    },
  );

  withNodes("stops when the share is full, and serves again when it is not", async (pair, a) => {
    await becomesActive(a);
    a.set("full-dd");
    await until(() => !a.containerRuns, "the container to be stopped", a);
    await a.says(/the lease is lost: the lease cannot be written/);
    a.unset("full-dd");
    await until(() => a.state === "ACTIVE" && a.containerRuns, "a to serve again", a);
    assert.ok(pair.epoch > 1);
  });
});
