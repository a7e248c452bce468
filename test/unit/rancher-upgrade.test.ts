import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { UpgradeFailed } from "../../providers/release/trial";
import { upgrade } from "../../providers/release/upgrade";
import { Cluster, Killed } from "./rancher-cluster";

const limits = { start: 30, ready: 30, interval: 1 };
const run = (
  cluster: Cluster,
  wanted = "new",
  { allowDowngrade = false, discarded = "", isStored = false } = {},
): Promise<void> =>
  upgrade({ names: [...cluster.nodes.keys()], wanted, allowDowngrade, discarded, isStored }, cluster, limits);

/** What the run fails with. */
async function failure(cluster: Cluster, wanted = "new", options = {}): Promise<UpgradeFailed> {
  return await run(cluster, wanted, options).then(
    () => assert.fail(`it did not fail\n${cluster}`),
    (error: UpgradeFailed) => {
      assert.ok(error instanceof UpgradeFailed, String(error));
      return error;
    },
  );
}

const inService = (cluster: Cluster): boolean =>
  [...cluster.nodes.values()].every(({ agent, kept }) => agent && kept === undefined);

test("nodes that were never told a container are told it, and nobody is stopped", async () => {
  const cluster = new Cluster(["a", "b"], "", new Set(), undefined);
  await run(cluster);
  assert.deepEqual(cluster.containers(), ["new", "new"]);
  assert.ok([...cluster.nodes.values()].every(({ agent }) => !agent));
});

test("what runs already is left alone", async () => {
  const cluster = new Cluster(["a", "b"], "new");
  await run(cluster);
  assert.deepEqual(cluster.log, []);
});

test("the standby first, one move, then the node that had the service", async () => {
  for (const serving of ["a", "b", "c"]) {
    const cluster = new Cluster(["a", "b", "c"], "old", new Set(), serving);
    await run(cluster);
    assert.deepEqual(cluster.containers(), ["new", "new", "new"]);
    assert.equal(cluster.log.length, 2, cluster.log.join(", "));
    assert.equal(cluster.log[0], `${serving} stops old`);
    assert.match(cluster.log[1] ?? "", /^[abc] starts new$/);
    assert.deepEqual(cluster.data.history, ["old", "new"]);
    assert.ok(inService(cluster));
  }
});

test("a node that is new gets the container, and the service is not moved", async () => {
  const cluster = new Cluster(["a", "b"], "same");
  Object.assign(cluster.node("b"), { container: "", agent: false, enabled: false });
  await run(cluster, "same");
  assert.deepEqual(cluster.containers(), ["same", "same"]);
  assert.deepEqual(cluster.log, []);
});

test("a standby with another container is mended, and the service is not moved", async () => {
  const cluster = new Cluster(["a", "b"], "same");
  cluster.node("b").container = "other";
  await run(cluster, "same");
  assert.deepEqual(cluster.containers(), ["same", "same"]);
  assert.deepEqual(cluster.log, []);
});

test("one that does not start: the datastore is put back, and the old one serves where it did", async () => {
  const cluster = new Cluster(["a", "b"], "old", new Set(["new"]));
  const { message, outcome } = await failure(cluster);
  assert.match(message, /again and again[\s\S]*old serves again on a: from its copy[\s\S]*the words of b/);
  assert.equal(outcome, "old");
  assert.deepEqual(cluster.containers(), ["old", "old"]);
  assert.deepEqual(cluster.data.history, ["old"]);
  assert.equal(cluster.serving, "a");
  assert.ok(inService(cluster));
});

test("one that runs and never answers is given up after its time", async () => {
  const cluster = new Cluster(["a", "b"], "old");
  cluster.mute.add("new");
  const trouble = cluster.trouble.bind(cluster);
  cluster.trouble = async () => (await trouble()) && "/healthz has status 503";
  const { message } = await failure(cluster);
  assert.match(message, /did not serve within 0\.03 s: \/healthz has status 503/);
  assert.deepEqual(cluster.containers(), ["old", "old"]);
  assert.deepEqual(cluster.data.history, ["old"]);
});

test("the VIP's answer counts only if the new container is what runs", async () => {
  const cluster = new Cluster(["a", "b"], "old", new Set(["new"]));
  const trouble = cluster.trouble.bind(cluster);
  // The old one's last answers.
  cluster.trouble = async () => (cluster.serving === "b" ? undefined : await trouble());
  await failure(cluster);
  assert.deepEqual(cluster.data.history, ["old"]);
});

test("without a standby that is ready nothing is stopped", async () => {
  const cluster = new Cluster(["a", "b"], "old");
  const look = cluster.look.bind(cluster);
  cluster.look = async (name) => ({ ...(await look(name)), ready: false, reason: "Docker does not answer" });
  await assert.rejects(run(cluster), /a goes on with old, nothing was changed: .*b: Docker does not answer/);
  assert.deepEqual(cluster.containers(), ["old", "old"]);
  assert.deepEqual(cluster.log, []);
});

test("a standby that dies while it tries: its node cannot be stopped, so the other one goes on with the new", async () => {
  const cluster = new Cluster(["a", "b"], "old");
  const trouble = cluster.trouble.bind(cluster);
  cluster.trouble = async () => {
    if (cluster.node("a").kept !== undefined) cluster.kill("b");
    return await trouble();
  };
  await run(cluster);
  assert.equal(cluster.serving, "a");
  assert.deepEqual(cluster.data.history, ["old", "new"]);
  assert.deepEqual(cluster.containers(), ["new", "new"]);
});

test("the node that served dies when it is told to stop: the others serve, and the next run finishes", async () => {
  const cluster = new Cluster(["a", "b"], "old");
  const halt = cluster.halt.bind(cluster);
  cluster.halt = async (name, former) => {
    if (name === "a") cluster.kill("a");
    await halt(name, former);
  };
  const { message, outcome } = await failure(cluster);
  assert.match(message, /a cannot be stopped in order: a does not answer\. new serves from b/);
  assert.equal(outcome, "mixed");
  cluster.node("a").dead = false;
  await run(cluster);
  assert.deepEqual(cluster.containers(), ["new", "new"]);
  assert.deepEqual(cluster.data.history, ["old", "new"]);
  assert.ok(inService(cluster));
});

test("an interrupted upgrade that took place is not undone without a word", async () => {
  const cluster = new Cluster(["a", "b"], "old");
  const point = cluster.point.bind(cluster);
  cluster.point = async (name, container) => {
    if (name === "a") throw new Killed();
    await point(name, container);
  };
  await assert.rejects(run(cluster), Killed);
  cluster.point = point;
  const { message, outcome } = await failure(cluster, "old");
  assert.match(message, /new serves since an upgrade that was interrupted[\s\S]*`allowDowngrade`/);
  assert.equal(outcome, "mixed");
  assert.equal(cluster.serving, "b");
  await run(cluster, "old", { allowDowngrade: true });
  assert.deepEqual(cluster.containers(), ["old", "old"]);
  assert.deepEqual(cluster.data.history, ["old", "new", "old"]);
});

test("one that took its place without the state knowing is not followed by the older one without a word", async () => {
  const cluster = new Cluster(["a", "b"], "old");
  await run(cluster);
  const { outcome } = await failure(cluster, "old", { isStored: true });
  assert.equal(outcome, "mixed");
  assert.deepEqual(cluster.containers(), ["new", "new"]);
  await run(cluster, "old", { isStored: true, allowDowngrade: true });
  assert.deepEqual(cluster.data.history, ["old", "new", "old"]);
  // A standby that has another one has opened nothing.
  cluster.node(cluster.serving === "a" ? "b" : "a").container = "other";
  await run(cluster, "old", { isStored: true });
  assert.deepEqual(cluster.containers(), ["old", "old"]);
});

test("one that has answered is not undone: all nodes go on with it, and what would be lost is said", async () => {
  const cluster = new Cluster(["a", "b"], "old");
  const trouble = cluster.trouble.bind(cluster);
  // It answers the agent, and nobody through the VIP.
  cluster.trouble = async () => (cluster.data.last === "new" ? "the VIP is silent" : await trouble());
  const { message, outcome } = await failure(cluster);
  assert.match(
    message,
    /going back to old failed: new has answered since, and may have acknowledged what would be lost; .* the VIP is silent\. Nothing serves now; repair the cause, .*`discardWritesOf: new`: then all that was written since new first answered is lost/,
  );
  assert.equal(outcome, "new");
  assert.deepEqual(cluster.containers(), ["new", "new"]);
  assert.deepEqual(cluster.data.history, ["old", "new"]);
  assert.ok(inService(cluster));
  // The name of another one is no word for it.
  const other = new Cluster(["a", "b"], "old");
  const answer = other.trouble.bind(other);
  other.trouble = async () => (other.data.last === "new" ? "the VIP is silent" : await answer());
  await failure(other, "new", { discarded: "other" });
  assert.deepEqual(other.data.history, ["old", "new"]);
});

test("one that answered and serves from another node after all stays", async () => {
  const cluster = new Cluster(["a", "b"], "old");
  const trouble = cluster.trouble.bind(cluster);
  cluster.trouble = async () =>
    cluster.serving === "b" && cluster.data.last === "new" ? "the VIP is silent" : await trouble();
  await run(cluster);
  assert.equal(cluster.serving, "a");
  assert.deepEqual(cluster.containers(), ["new", "new"]);
  assert.deepEqual(cluster.data.history, ["old", "new"]);
  assert.ok(inService(cluster));
});

test("told what is lost, it goes back to the datastore from before, whether the upgrade failed or not", async () => {
  for (const breaks of [true, false]) {
    const cluster = new Cluster(["a", "b", "c"], "old");
    await run(cluster);
    if (breaks) cluster.broken.add("new");
    await run(cluster, "old", { discarded: "new" });
    assert.deepEqual(cluster.containers(), ["old", "old", "old"]);
    assert.deepEqual(cluster.data.history, ["old"]);
    assert.equal(await cluster.trouble(), undefined);
    assert.ok(inService(cluster));
    const { log } = cluster;
    const before = log.length;
    // The word is still in the settings, and nothing is left that it names.
    await run(cluster, "old", { discarded: "new" });
    assert.equal(log.length, before);
  }
});

test("an undo that a node cannot be stopped for discards nothing", async () => {
  const cluster = new Cluster(["a", "b"], "old");
  await run(cluster);
  const spare = cluster.serving === "a" ? "b" : "a";
  const halt = cluster.halt.bind(cluster);
  cluster.halt = async (name, former) => {
    if (name === spare) throw new Error("it hangs");
    await halt(name, former);
  };
  const { message, outcome } = await failure(cluster, "old", { discarded: "new" });
  assert.match(message, /^nothing was taken back, and the nodes go on with new: it hangs$/);
  assert.equal(outcome, "mixed");
  assert.deepEqual(cluster.data.history, ["old", "new"]);
  assert.ok(inService(cluster));
});

test("an undo that is killed in any moment comes to its end, or is given up with the word for it", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat(40), { minLength: 1, maxLength: 3 }),
      fc.boolean(),
      fc.boolean(),
      async (kills, breaks, again) => {
        const cluster = new Cluster(["a", "b", "c"], "old");
        await run(cluster);
        if (breaks) cluster.broken.add("new");
        for (const left of kills) {
          cluster.left = left;
          await run(cluster, "old", { discarded: "new" }).catch(() => {});
          cluster.left = 0;
          await sleep(10);
        }
        cluster.left = Number.POSITIVE_INFINITY;
        if (again) {
          await run(cluster, "old", { discarded: "new" });
          assert.deepEqual(cluster.data.history, ["old"], String(cluster));
          assert.deepEqual(cluster.containers(), ["old", "old", "old"], String(cluster));
          assert.equal(await cluster.trouble(), undefined, String(cluster));
          assert.ok(inService(cluster), String(cluster));
          return;
        }
        // Never the old one on the new one's datastore.
        await run(cluster, "new").catch(() => {});
        assert.doesNotMatch(cluster.data.history.join(), /new,old/, String(cluster));
        assert.ok(inService(cluster), String(cluster));
      },
    ),
    { numRuns: 200 },
  );
});

test("killed in any moment, the next run comes to the same end", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat(40), { minLength: 1, maxLength: 4 }),
      fc.constantFrom("a", "b", "c"),
      fc.constantFrom("works", "fails", "fails and is taken back"),
      async (kills, serving, kind) => {
        const broken = new Set(kind === "works" ? [] : ["new"]);
        const cluster = new Cluster(["a", "b", "c"], "old", broken, serving);
        for (const left of kills) {
          cluster.left = left;
          await run(cluster).catch((error) => {
            // What kills a part of many at once is told as that part's failure.
            if (!(error instanceof Killed) && cluster.left >= 0 && kind === "works") throw error;
          });
          // What it did at the same time dies with it, too.
          cluster.left = 0;
          await sleep(10);
        }
        cluster.left = Number.POSITIVE_INFINITY;
        if (kind === "works") {
          await run(cluster);
          assert.deepEqual(cluster.containers(), ["new", "new", "new"], String(cluster));
          assert.deepEqual(cluster.data.history, ["old", "new"], String(cluster));
        } else {
          if (kind === "fails") await failure(cluster);
          else await run(cluster, "old", { isStored: true });
          assert.deepEqual(cluster.containers(), ["old", "old", "old"], String(cluster));
          assert.deepEqual(cluster.data.history, ["old"], String(cluster));
        }
        assert.equal(await cluster.trouble(), undefined, String(cluster));
        assert.ok(inService(cluster), String(cluster));
      },
    ),
    { numRuns: 200 },
  );
});
