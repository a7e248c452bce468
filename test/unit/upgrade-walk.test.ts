import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { versionOf } from "../../domain/image";
import { shownWay, sprung, trapsBetween, wayBetween } from "../../domain/upgrades";
import { upgrade } from "../../providers/release/upgrade";
import { planWalk, shownPlan, walk } from "../../stack/upgrade-walk";
import { defaultImage, paidOnly, rancherUpgrades } from "../../workloads/rancher/versions";
import { Cluster, Killed } from "./rancher-cluster";

const image = "rancher/rancher:v2.12.3";
const upgrades = rancherUpgrades(image);
const way = (from: string, to: string): unknown => wayBetween(from, to, upgrades);

describe("the way from one version of Rancher to another", () => {
  test("is one minor version after the other, by the newest patch that everybody can have", () => {
    assert.deepEqual(way("v2.12.3", "v2.14.3"), { steps: ["v2.13.3", "v2.14.3"] });
    assert.deepEqual(way("v2.11.2", "v2.14.1"), { steps: ["v2.12.3", "v2.13.3", "v2.14.1"] });
    assert.deepEqual(way("v2.13.0", "v2.14.3"), { steps: ["v2.14.3"] });
    assert.deepEqual(way("v2.14.1", "v2.14.3"), { steps: ["v2.14.3"] });
    assert.deepEqual(way("v2.14.3", "v2.14.3"), { steps: ["v2.14.3"] });
    // One that is newer than this table.
    assert.deepEqual(way("v2.15.0", "v2.16.1"), { steps: ["v2.16.1"] });
  });

  test("is refused where a version must come between that is not known", () => {
    assert.match(JSON.stringify(way("v2.10.4", "v2.12.3")), /a version of 2\.11 must come between/);
    assert.match(JSON.stringify(way("v2.15.0", "v2.17.0")), /a version of 2\.16 must come between/);
    assert.match(JSON.stringify(way("v2.15.0", "v3.0.0")), /not known here how 2\.15 becomes 3\.0/);
  });

  test("of an image whose versions nobody knows is the version itself", () => {
    assert.deepEqual(wayBetween("14.1", "17.0", { lines: [] }), { steps: ["17.0"] });
  });

  test("the table has no gaps, each version of its line, and the default is one of them", () => {
    const { lines } = upgrades;
    for (const [i, { line, newest }] of lines.entries()) {
      assert.equal(line, `2.${11 + i}`);
      if (newest !== undefined) assert.ok(newest.startsWith(`v${line}.`), newest);
    }
    assert.equal(defaultImage, "rancher/rancher:v2.14.3");
    assert.ok(lines.some(({ newest }) => newest === versionOf(defaultImage)));
  });
});

describe("a version for paying customers alone", () => {
  test("is refused with the community's way, unless a registry of the user's may have it", () => {
    for (const paid of ["v2.12.4", "v2.12.12", "v2.13.5", "v2.13.8"])
      for (const where of [
        "rancher/rancher",
        "docker.io/rancher/rancher",
        "index.docker.io/rancher/rancher",
      ]) {
        const { rule, wayOut } = paidOnly(`${where}:${paid}`, false) ?? assert.fail(paid);
        assert.match(
          `${rule}: ${wayOut}`,
          /paying customers.*v2\.12\.3 -> v2\.13\.3 -> v2\.14\.3.*registry of yours/,
        );
        assert.equal(paidOnly(`${where}:${paid}`, true), undefined);
      }
    for (const free of [
      "v2.12.3",
      "v2.13.3",
      "v2.13.4",
      "v2.14.3",
      "v2.15.0",
      "v2.16.0",
      "stable",
      "v2.9.12",
    ])
      assert.equal(paidOnly(`rancher/rancher:${free}`, false), undefined, free);
    assert.equal(paidOnly("registry.example.com/rancher/rancher:v2.12.12", false), undefined);
    assert.equal(paidOnly("ha-rancher/rancher-stand-in:v2.12.12", false), undefined);
  });
});

describe("what breaks an upgrade", () => {
  const on = (from: string, to: string, known = upgrades) =>
    trapsBetween(from, to, known).map(({ look }) => Object.keys(look)[0]);

  test("is looked for on the way that it breaks, and on no other", () => {
    assert.deepEqual(on("v2.12.3", "v2.13.3"), ["members", "memory"]);
    assert.deepEqual(on("v2.13.3", "v2.14.3"), ["link", "memory"]);
    assert.deepEqual(on("v2.12.3", "v2.14.3"), ["members", "link", "memory"]);
    assert.deepEqual(on("v2.14.1", "v2.15.0"), ["memory"]);
    assert.deepEqual(on("v2.14.1", "v2.14.3"), []);
    assert.deepEqual(on("v2.12.3", "v2.13.3", rancherUpgrades("ha-rancher/rancher-stand-in:v2.12.3")), [
      "members",
    ]);
  });

  test("is told with the node, what is there, and the way out", () => {
    const [database, link] = ["k3s/server/db/etcd/member/snap/db", "k3s/server/db/etcd"];
    const sound = { memory: 4_000, links: { [link]: false }, members: { [database]: 1 } };
    const known = rancherUpgrades(image, 4_000);
    assert.deepEqual(sprung(known.traps, { one: sound, two: { memory: 4_000 } }), []);
    assert.deepEqual(sprung(known.traps, { one: { ...sound, members: { [database]: undefined } } }), []);
    const all = sprung(known.traps, {
      one: { memory: 4_000, links: { [link]: true }, members: { [database]: 3 } },
      two: { memory: 3_999 },
    });
    assert.equal(all.length, 3);
    assert.match(all[0] ?? "", /^one has a datastore that names 3 members, .*etcdctl member list/);
    assert.match(all[1] ?? "", /^one has a link in its data, k3s\/server\/db\/etcd: .*54906/);
    assert.match(all[2] ?? "", /^two has 3999 MiB of memory, and 4000 MiB is the least: .*`memoryFloor`/);
  });
});

describe("a walk", () => {
  const plan = (present: string | undefined, wanted: string, settings?: string) =>
    planWalk(present, settings, wanted, upgrades);

  test("has the images of all steps, from the registry of the settings", () => {
    assert.deepEqual(plan(image, "v2.14.3").images, ["rancher/rancher:v2.13.3", "rancher/rancher:v2.14.3"]);
    assert.deepEqual(plan(image, "2.13.3").images, ["rancher/rancher:v2.13.3"]);
    const mine = "registry.example.com:5000/rancher/rancher";
    assert.deepEqual(plan(image, "v2.13.3", `${mine}:v2.12.3`).images, [`${mine}:v2.13.3`]);
    // What the state has is begun from: the settings may be a step ahead, after a walk that was interrupted.
    assert.deepEqual(plan(image, "v2.14.3", "rancher/rancher:v2.13.3").images.length, 2);
    assert.equal(
      shownPlan(plan(image, "v2.14.3"), upgrades),
      "v2.12.3 -> v2.13.3 (K3s 1.34.1, etcd 3.6) -> v2.14.3 (K3s 1.35, etcd 3.6.7)",
    );
  });

  test("that leads nowhere is refused with the way out", () => {
    const digest = `sha256:${"a".repeat(64)}`;
    for (const [present, wanted, why, settings] of [
      [undefined, "v2.14.3", /nothing to upgrade yet/],
      [image, "v2.11.2", /older than v2\.12\.3.*`npm run restore`/],
      [image, "latest", /"latest" is no version, such as v2\.12\.3/],
      [image, "2.14.3/x", /is no version/],
      ["a/b:stable", "v2.14.3", /cannot be told from its tag/],
      [image, "v2.13.3", /names a digest/, `${image}@${digest}`],
      ["rancher/rancher:v2.10.1", "v2.14.3", /v2\.10\.1 cannot become v2\.14\.3: a version of 2\.11/],
    ] as const)
      assert.throws(() => plan(present, wanted, settings), why);
  });

  test("ends at the step after which the stack is not healthy", async () => {
    const moved: string[] = [];
    await assert.rejects(
      walk(plan(image, "v2.14.3"), {
        move: async (next) => void moved.push(next),
        trouble: async () => "no standby",
        say: () => {},
      }),
      /the stack has rancher\/rancher:v2\.13\.3, and is not healthy.*no standby; `npm run upgrade -- v2\.14\.3` goes on/,
    );
    assert.deepEqual(moved, ["rancher/rancher:v2.13.3"]);
  });
});

/*
 * Nodes as in rancher-upgrade.test.ts, whose containers are named as the versions are, and a state that is written when a step
 * has come to its end, or is not, as Pulumi does.
 */
class Stack {
  readonly cluster = new Cluster(["a", "b"], "v2.12.3");
  state = image;

  async upgrade(wanted: string): Promise<void> {
    const limits = { start: 30, ready: 30, interval: 1 };
    await walk(planWalk(this.state, undefined, wanted, upgrades), {
      move: async (next) => {
        const version = versionOf(next) ?? "";
        const isStored = versionOf(this.state) === version;
        await upgrade(
          { names: ["a", "b"], wanted: version, allowDowngrade: false, discarded: "", isStored },
          this.cluster,
          limits,
        );
        if (--this.cluster.left < 0) throw new Killed();
        this.state = next;
      },
      trouble: async () => {
        if (--this.cluster.left < 0) throw new Killed();
        return await this.cluster.trouble();
      },
      say: () => {},
    });
  }

  /** One run that is killed after so many steps of it; what it did at the same time dies with it, too. */
  async killed(left: number): Promise<void> {
    this.cluster.left = left;
    await this.upgrade("v2.14.3").catch(() => {});
    this.cluster.left = 0;
    await sleep(5);
    this.cluster.left = Number.POSITIVE_INFINITY;
  }
}

test("a walk that is killed at each step goes on with the next run, and no version that answered is undone", async () => {
  let isWhole = false;
  for (let left = 0; !isWhole; left++) {
    assert.ok(left < 200, "it comes to an end");
    const stack = new Stack();
    const { cluster } = stack;
    await stack.killed(left);
    isWhole = stack.state.endsWith(":v2.14.3");
    const { history } = cluster.data;
    await stack.upgrade("v2.14.3");
    assert.deepEqual(cluster.data.history.slice(0, history.length), history, `${left}: ${cluster}`);
    assert.deepEqual(cluster.data.history, ["v2.12.3", "v2.13.3", "v2.14.3"], `${left}: ${cluster}`);
    assert.deepEqual(cluster.containers(), ["v2.14.3", "v2.14.3"], `${left}: ${cluster}`);
    assert.equal(await cluster.trouble(), undefined);
  }
});

test("killed again and again, it comes to the same end", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(60), { minLength: 2, maxLength: 5 }), async (kills) => {
      const stack = new Stack();
      for (const left of kills) await stack.killed(left);
      await stack.upgrade("v2.14.3");
      assert.equal(shownWay(stack.cluster.data.history), "v2.12.3 -> v2.13.3 -> v2.14.3");
      assert.deepEqual(stack.cluster.containers(), ["v2.14.3", "v2.14.3"]);
    }),
    { numRuns: 60 },
  );
});

test("a version that never answers is taken back, and the walk ends there", async () => {
  const stack = new Stack();
  stack.cluster.broken.add("v2.14.3");
  await assert.rejects(stack.upgrade("v2.14.3"), /v2\.13\.3 serves again/);
  assert.deepEqual(stack.cluster.data.history, ["v2.12.3", "v2.13.3"]);
  assert.equal(stack.state, "rancher/rancher:v2.13.3");
  stack.cluster.broken.clear();
  await stack.upgrade("v2.14.3");
  assert.deepEqual(stack.cluster.data.history, ["v2.12.3", "v2.13.3", "v2.14.3"]);
});
