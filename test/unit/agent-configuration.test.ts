import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  type AgentConfiguration,
  agentConfiguration,
  fenceDirectory,
  readAgentConfiguration,
  sentinelName,
} from "../../domain/agent-configuration";
import { defaultTimes, type NodeTimes } from "../../domain/timers";
import { packageRoot } from "../../local/root";
import { checkedByAgent, good, readByAgent } from "./agent-python";

type Values = Partial<AgentConfiguration>;

/** What the agent makes of a configuration with changes. */
function setupOf(changes: Values) {
  const [read] = readByAgent([{ ...good, ...changes }]);
  assert.ok(read?.setup, read?.mistakes?.join("\n"));
  return read.setup;
}

describe("agent.json", () => {
  test("is read by the agent as it was written", () => {
    const { core, vip, data, lease, fence } = setupOf({
      ...{ datastore: "db/files", nfsVersion: "4.2", watchdog: "required", fenceAgent: "fence_virsh" },
      times: { giveUp: 4.5, stopGrace: 20, failures: 5 },
    });
    assert.equal(vip, "192.168.56.10");
    assert.deepEqual(
      [core.node, core.peers, core.watchdog_mode, core.fence],
      ["rancher-1", ["rancher-2"], "required", true],
    );
    assert.deepEqual(
      [core.heartbeat, core.give_up, core.stop_grace, core.failures],
      [1_000, 4_500, 20_000, 5],
    );
    assert.deepEqual(
      [data.directory, data.unit, data.sentinel, data.datastore],
      ["/rancher_data", "rancher_data.mount", "shared data of dev", "db/files"],
    );
    assert.deepEqual(lease, {
      directory: "/rancher_lease",
      unit: "rancher_lease.mount",
      filesystem: "nfs4",
      identity: "ha-rancher-dev-rancher-1",
    });
    assert.deepEqual(fence, { agent: "fence_virsh", directory: fenceDirectory });
    const { backup } = setupOf({ backup: { command: ["pg_dumpall"], restore: ["psql", "-q"] } });
    assert.deepEqual(backup, { command: ["pg_dumpall"], restore: ["psql", "-q"], of: "" });
    assert.equal(setupOf({}).backup, null);
  });

  test("has what is usual where nothing is said", () => {
    const { core, lease, fence } = setupOf({});
    assert.deepEqual([core.watchdog_mode, core.fence, fence], ["automatic", false, null]);
    assert.equal(lease.filesystem, "nfs4");
    assert.equal(setupOf({ nfsVersion: "3" }).lease.filesystem, "nfs");
  });

  test("says how often the service is asked, lightly and deeply", () => {
    const times = { healthEvery: 2, healthTimeout: 1.5, deepEvery: 30, deepTimeout: 7 };
    assert.deepEqual(
      setupOf({ times }).questions.map(({ every, timeout }) => [every, timeout]),
      [
        [2_000, 1_500],
        [30_000, 7_000],
      ],
    );
    assert.deepEqual(
      setupOf({ times: defaultTimes }).questions.map(({ every, timeout }) => [every, timeout]),
      [defaultTimes.healthEvery, defaultTimes.deepEvery].map((every, i) => [
        every * 1_000,
        ([defaultTimes.healthTimeout, defaultTimes.deepTimeout][i] as number) * 1_000,
      ]),
    );
  });

  test("carries any text of one line unchanged", () => {
    const texts = fc.sample(
      fc
        .string({ unit: "grapheme", minLength: 1, maxLength: 40 })
        .filter((text) => !/\p{Cc}|\p{Surrogate}/u.test(text)),
      { numRuns: 100, seed: 20261130 },
    );
    const all = [...texts, "it's $(reboot) `id` \\", "-n", '"', "*", "!x #y", "\\u0041", "{}"];
    for (const [i, read] of readByAgent(all.map((sentinel) => ({ ...good, sentinel }))).entries())
      assert.equal(read.setup?.data.sentinel, all[i], read.mistakes?.join("\n"));
  });

  test("is refused by the agent with all its mistakes at once", () => {
    const { status, stderr } = checkedByAgent({
      ...{ ...good, vip: "10.0.0", sentinel: "a\nb", identity: "two words" },
      times: { heartbeat: 3, giveUp: Number.NaN },
    });
    assert.equal(status, 78, stderr);
    for (const mistake of [
      "`vip` is '10.0.0'",
      "`data.sentinel` is",
      "`lease.identity` is",
      "`timers.giveUp` is",
    ])
      assert.ok(stderr.includes(mistake), stderr);
    assert.deepEqual(checkedByAgent(good), { status: 0, stderr: "" });
  });

  const unsafe: [string, Values["times"], RegExp][] = [
    [
      "a heartbeat too rare to notice its absence",
      { heartbeat: 3 },
      /`give_up` must be at least three times/,
    ],
    ["no time for stopping hard", { watchdog: 7 }, /`watchdog` must be at least/],
    ["a lease that ends before its owner", { leaseTime: 10 }, /`lease_time` must be more than `watchdog`/],
    [
      "a grace time that ends before a lease",
      { graceTime: 14 },
      /`grace_time` must be at least `lease_time`/,
    ],
    [
      "a VIP given back before anybody can be seen to serve",
      { followLease: 1 },
      /`follow_lease` must be more/,
    ],
    ["no time at all", { vipLoss: 0 }, /`timers\.vipLoss` is 0, and must be a whole number from 1/],
  ];
  for (const [what, times, complaint] of unsafe)
    test(`is refused by the agent with ${what}`, () => {
      const [read] = readByAgent([{ ...good, times }]);
      assert.match(read?.mistakes?.join("\n") ?? "", complaint);
    });

  test("is needed: an agent without one does not start", () => {
    const missing = { ...good, node: undefined } as unknown as typeof good;
    assert.match(readByAgent([missing])[0]?.mistakes?.join() ?? "", /`node` is missing/);
  });
});

describe("what policies read of an agent.json", () => {
  const written = (times: Partial<NodeTimes>, more: Values = {}) =>
    readAgentConfiguration(agentConfiguration({ ...good, ...more, times, serviceFile: "/x" }));

  test("is what was written, and defaults for the rest", () => {
    const times = { giveUp: 4.5, failures: 7, healthEvery: 2, healthSlow: 90 };
    assert.deepEqual(written(times, { watchdog: "off" }), {
      times: { ...defaultTimes, ...times },
      identity: good.identity,
      watchdog: "off",
    });
    const all = Object.fromEntries(
      Object.keys(defaultTimes).map((name, i) => [name, i + 1]),
    ) as unknown as NodeTimes;
    assert.deepEqual(written(all).times, all, "every timer has a place of its own");
  });

  test("is nothing where the file is of another form", () => {
    for (const text of ["", "[]", "null", "GIVE_UP=4", '{"lease":1,"timers":null,"watchdog":{}}'])
      assert.deepEqual(readAgentConfiguration(text), {
        ...{ times: defaultTimes, identity: undefined, watchdog: undefined },
      });
    assert.ok(Number.isNaN(readAgentConfiguration('{"timers":{"giveUp":"6"}}').times.giveUp));
  });
});

test("programs of nodes agree on the sentinel's name", () => {
  const text = readFileSync(join(packageRoot, "node", "agent", "configuration.py"), "utf8");
  assert.ok(text.includes(`\nSENTINEL_NAME = "${sentinelName}"\n`));
});
