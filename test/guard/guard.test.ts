import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { times, until } from "./nodes";
import { becomesActive, seconds, withNodes } from "./with-nodes";

// Each test has its own nodes; side by side they take as long as the longest.
describe("the guard", { concurrency: 3 }, () => {
  // The longest first.
  withNodes("refuses the VIP while the node is not fit", async (_, a) => {
    for (const [fault, mend, reason, lasts = true] of [
      [
        () => a.set("identity", "somebody-else\n"),
        () => a.set("identity", "test-a\n"),
        /identity is 'somebody-else'/,
      ],
      [() => a.mountLease("ext4"), () => undefined, /is not mounted with NFS 4\.2/, false],
      [() => a.set("hang-docker"), () => a.unset("hang-docker"), /Docker does not answer/],
      [() => a.unset("container"), () => a.set("container", "0"), /there is no container rancher/],
    ] as const) {
      fault();
      await a.says(reason);
      // What the guard mends itself is over before anybody else could look.
      if (lasts) await until(() => !a.mayHoldVip, `the VIP to be refused for ${reason}`, a);
      mend();
      await until(() => a.mayHoldVip, `the VIP to be accepted again after ${reason}`, a);
    }
  });

  withNodes("starts the service where the VIP is, and hands it over in order", async (pair, a, b) => {
    assert.equal(a.state, "STANDBY");
    await becomesActive(a);
    assert.equal(pair.epoch, 1);
    assert.match(pair.record, /^1 \d+ a (starting|active)$/);
    assert.equal(b.containerRuns, false);

    a.setVip(false);
    await becomesActive(b);
    await until(() => a.state === "STANDBY", "a to be standby", a);
    assert.deepEqual(pair.log, [
      "a data-mounted",
      "a container-started",
      "a container-stopped",
      "a data-unmounted",
      "b data-mounted",
      "b container-started",
    ]);
    assert.equal(pair.epoch, 2);
    // In order: no need to wait.
    assert.doesNotMatch(b.said, /state=WAIT/);
    assert.ok(a.mayHoldVip, "a may not have the VIP, though nothing is wrong with it");

    b.setVip(false);
    await becomesActive(a);
    assert.deepEqual(await pair.writersUntil(a), ["a", "b", "a"]);
    assert.equal(pair.epoch, 3);
  });

  withNodes(
    "told to end, stops the service in order, releases the lease, and then refuses the VIP",
    async (pair, a) => {
      await becomesActive(a);
      assert.equal(await a.signal("SIGTERM"), 0);
      assert.deepEqual(pair.log.slice(-2), ["a container-stopped", "a data-unmounted"]);
      assert.match(pair.record, /^1 \d+ a released$/);
      assert.equal(a.mayHoldVip, false);
      assert.equal(a.state, "STOPPED");
    },
  );

  withNodes("keeps its heartbeat while the container takes its time to stop", async (pair, a, b) => {
    await becomesActive(a);
    a.set("slow-stop", String(times.giveUp + 1));
    a.setVip(false);
    b.setVip(true);
    await until(() => b.containerRuns, "b to be active", a, b);
    assert.doesNotMatch(a.said, /giving up/);
    // An owner that is stopping is waited for: the VIP is not given back to it.
    assert.doesNotMatch(b.said, /given back/);
    assert.deepEqual(await pair.writersUntil(b), ["a", "b"]);
  });

  withNodes("releases the lease while Docker still clears up after the container", async (pair, a, b) => {
    await becomesActive(a);
    a.set("hang-clearing");
    a.setVip(false);
    b.setVip(true);
    await until(() => b.containerRuns, "b to be active", a, b);
    assert.match(a.said, /state=STANDBY from=STOPPING/);
    assert.deepEqual(pair.log.slice(2), [
      "a container-stopped",
      "a data-unmounted",
      "b data-mounted",
      "b container-started",
    ]);
    assert.deepEqual(await pair.writersUntil(b), ["a", "b"]);
  });

  withNodes("killed, is succeeded only when its container is certain not to run", async (pair, a, b) => {
    await becomesActive(a);
    await a.signal("SIGKILL");
    const killed = performance.now();
    // The container goes on until systemd has done its part, as late as may be; the lock is free at once.
    a.setVip(false);
    b.setVip(true);
    await until(() => b.state === "WAIT", "b to wait", b);
    await sleep((times.watchdog - 1) * 1000 - seconds(killed) * 1000);
    assert.equal(b.containerRuns, false);
    await a.stopPost();
    assert.equal(a.mayHoldVip, false);
    await until(() => b.containerRuns, "b to be active", b);
    assert.ok(seconds(killed) > times.watchdog - times.heartbeat, `b was active after ${seconds(killed)} s`);
    assert.ok(!pair.log.includes("b container-without-data"));
    assert.deepEqual(await pair.writersUntil(b), ["a", "b"]);
    assert.equal(pair.epoch, 2);
  });

  withNodes("killed and started again, clears what is left and does not wait for itself", async (pair, a) => {
    await becomesActive(a);
    await a.signal("SIGKILL");
    // As if systemd had not done its part.
    a.start();
    await a.says(/leftovers/);
    await until(() => pair.epoch === 2 && a.state === "ACTIVE", "a to be active again", a);
    assert.doesNotMatch(a.said, /state=WAIT/);
  });

  withNodes("lets only one be active while both have the VIP, and gives the VIP back", async (pair, a, b) => {
    await becomesActive(a);
    b.setVip(true);
    await until(() => !b.mayHoldVip, "b to give the VIP back", b);
    await b.says(/given back to a, which has the lease/);
    b.setVip(false);
    await until(() => b.mayHoldVip, "b to be fit again", b);
    assert.equal(a.state, "ACTIVE");
    assert.deepEqual(pair.writers, ["a"]);
  });

  withNodes("does not stop the service for a VIP that is away for a moment", async (pair, a) => {
    await becomesActive(a);
    a.setVip(false);
    await sleep(times.heartbeat * 1000);
    a.setVip(true);
    await sleep(3 * times.heartbeat * 1000);
    assert.equal(a.state, "ACTIVE");
    assert.deepEqual(pair.log, ["a data-mounted", "a container-started"]);
  });

  withNodes("does not start on data that is not the stack's, and lets another try", async (pair, a) => {
    writeFileSync(join(pair.folder, "data", ".ha-rancher-sentinel"), "something else\n");
    a.setVip(true);
    await until(() => a.state === "STANDBY" && !a.mayHoldVip, "a to step down", a);
    await a.says(/says 'something else', not 'the data of the test'/);
    assert.deepEqual(pair.log, ["a data-mounted", "a data-unmounted"]);
    assert.match(pair.record, /released$/);
  });

  withNodes("does not start without the data mounted", async (pair, a) => {
    a.set("fail-mount");
    a.setVip(true);
    await a.says(/state=STOPPING/);
    await a.says(/Job for rancher_data.mount failed/);
    assert.deepEqual(pair.log, []);
  });

  withNodes(
    "steps down when the container cannot be started, and comes back after a while",
    async (pair, a) => {
      a.set("fail-start");
      a.setVip(true);
      await until(() => a.state === "STANDBY" && !a.mayHoldVip, "a to step down", a);
      await a.says(/the container cannot be started: driver failed: no such/);
      a.unset("fail-start");
      await until(() => a.state === "ACTIVE", "a to try again", a);
      assert.deepEqual(pair.log.slice(-2), ["a data-mounted", "a container-started"]);
    },
  );

  withNodes("starts a container again that ends by itself, but not for ever", async (pair, a) => {
    a.set("crash-after", "0");
    a.setVip(true);
    await until(() => a.state === "STANDBY" && !a.mayHoldVip, "a to step down", a);
    assert.equal(pair.log.filter((line) => line === "a container-started").length, 4);
    await a.says(/the container ends by itself again and again/);
    assert.match(pair.record, /released$/);
  });

  withNodes("stops a container that somebody else has started", async (_, a) => {
    execFileSync(a.program("curl"), ["http://docker/containers/rancher/start"], { env: a.environment });
    assert.ok(a.containerRuns);
    await until(() => !a.containerRuns, "the container to be stopped", a);
    await until(() => a.mayHoldVip, "a to be fit again", a);
  });

  withNodes(
    "does not trust a lease that the server would give away before its owner is silent",
    async (_, a) => {
      const statistics = (lease: number): void =>
        a.set(
          "statistics",
          `device 192.168.56.1:/share mounted on ${a.leaseDirectory} with fstype nfs4 statvers=1.1\n\tnfsv4:\tbm0=0xf,sessions,pnfs=not configured,lease_time=${lease},lease_expired=0\n`,
        );
      statistics(1);
      await until(() => !a.mayHoldVip, "the VIP to be refused", a);
      await a.says(/lease time is 1 s, and must be more than/);
      statistics(90);
      await until(() => a.mayHoldVip, "the VIP to be accepted", a);
      const { timers } = (await a.status()) as { timers: { serverLease: number } };
      assert.equal(timers.serverLease, 90);
    },
  );

  withNodes(
    "told to hand over, releases the lease before it refuses the VIP, and takes none meanwhile",
    async (pair, a, b) => {
      await becomesActive(a);
      const order: string[] = [];
      const watch = setInterval(() => {
        const now = `${pair.record.split(" ")[3]} ${a.mayHoldVip ? "may" : "may not"} hold`;
        if (order.at(-1) !== now) order.push(now);
      }, 5);
      await a.handOver(60);
      clearInterval(watch);
      // The VIP is still here: nothing else takes it away.
      assert.match(pair.record, /^1 \d+ a released$/);
      assert.deepEqual(pair.log.slice(-2), ["a container-stopped", "a data-unmounted"]);
      await until(() => !a.mayHoldVip, "a to refuse the VIP", a);
      assert.ok(!order.some((each) => /^(starting|active|stopping) may not/.test(each)), order.join(", "));
      a.setVip(false);
      await becomesActive(b);
      assert.doesNotMatch(b.said, /state=WAIT/);
      a.setVip(true);
      await sleep(4 * times.heartbeat * 1000);
      assert.equal(a.state, "STANDBY");
      a.setVip(false);
      await a.handOver(0);
      await until(() => a.mayHoldVip, "a to be fit again", a);
    },
  );

  withNodes(
    "keeps the last three copies of the datastore, each from before a start, and the one from before a container's first",
    async (pair, a) => {
      const store = join(pair.folder, "data", "k3s", "server", "db");
      mkdirSync(store, { recursive: true });
      const copies = (): string[] => readdirSync(join(pair.folder, "data", ".snap")).sort();
      for (let epoch = 1; epoch <= 5; epoch++) {
        writeFileSync(join(store, "etcd"), `before ${epoch}`);
        await becomesActive(a);
        a.setVip(false);
        await until(() => a.state === "STANDBY", "a to be standby", a);
      }
      assert.deepEqual(copies(), ["1", "3", "4", "5", "before", "container"]);
      for (const epoch of ["1", "3", "4", "5"])
        assert.equal(
          readFileSync(join(pair.folder, "data", ".snap", epoch, "etcd"), "utf8"),
          `before ${epoch}`,
        );
    },
  );

  withNodes("does not start a container for the first time without a copy", async (pair, a) => {
    mkdirSync(join(pair.folder, "data", "k3s", "server", "db"), { recursive: true });
    mkdirSync(join(pair.folder, "data", ".snap"));
    // What the copy is to be called is in the way.
    mkdirSync(join(pair.folder, "data", ".snap", "1", "full"), { recursive: true });
    a.setVip(true);
    await a.says(/the datastore cannot be copied, and rancher never ran on it/);
    await until(() => a.state === "STANDBY" && !a.mayHoldVip, "a to refuse the VIP", a);
    assert.ok(!pair.log.includes("a container-started"), pair.log.join(", "));
    assert.match(
      readFileSync(join(a.home, "run", "state"), "utf8"),
      /^gave_up=the datastore cannot be copied/m,
    );
    // Of one that ran on it before there are copies: it starts without another.
    writeFileSync(join(pair.folder, "data", ".snap", "container"), "rancher\n");
    mkdirSync(join(pair.folder, "data", ".snap", "2", "full"), { recursive: true });
    await until(() => a.state === "ACTIVE", "a to be active", a);
    assert.match(readFileSync(join(a.home, "run", "state"), "utf8"), /^gave_up=$/m);
  });

  withNodes("tells systemd that it lives", async (_, a) => {
    await until(() => a.has("notified"), "a word", a);
    const said = readFileSync(join(a.home, "notified"), "utf8").split("\n");
    assert.ok(said[0]?.startsWith(`READY=1 WATCHDOG=1 WATCHDOG_USEC=${times.giveUp * 1_000_000} `), said[0]);
    await until(
      () => readFileSync(join(a.home, "notified"), "utf8").split("\n").length > said.length + 3,
      "more words",
      a,
    );
  });
});
