import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { checkArgs } from "../../components/checks";
import {
  type AgentTimes,
  agentTimers,
  defaultTimes,
  healthTimers,
  nodeTimes,
  orderInShort,
  type Timer,
  timerMistakes,
  timerRules,
} from "../../domain/timers";
import { packageRoot } from "../../local/root";
import { parseSettings, type Settings } from "../../settings";
import { agentDefaults, good, readByAgent } from "./agent-python";

/* The timers are declared in domain/timers.ts: whoever else has them must agree. */

const textOf = (...path: string[]): string => readFileSync(join(packageRoot, ...path), "utf8");

const stack = {
  vip: "192.168.56.10/24",
  nodes: JSON.stringify([
    { name: "a", address: "192.168.56.11" },
    { name: "b", address: "192.168.56.12" },
  ]),
};

/** What an agent has and no setting says: it may be set in agent.json alone. */
const ofAgentAlone = ["unwell_grace", "work_limit", "fence_fallback", "fence_check"];

test("an agent has the same defaults, and no timer that nobody thought of", () => {
  const known = agentDefaults();
  const numbers = Object.fromEntries(Object.entries(known).filter(([, value]) => typeof value === "number"));
  const names: Record<string, string> = { healthRefused: "refused_time", healthSlow: "slow_time" };
  const asked = /^(health|deep)(Every|Timeout)$/;
  const wanted = Object.entries(defaultTimes)
    .filter(([name]) => !asked.test(name))
    .map(([name, value]) => [
      names[name] ?? name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      name === "failures" ? value : value * 1_000,
    ]);
  for (const name of ofAgentAlone) {
    assert.ok(name in numbers, name);
    delete numbers[name];
  }
  assert.deepEqual(numbers, Object.fromEntries(wanted));
});

test("every timer reaches the agent under its name, in milliseconds, with a fence agent or without", () => {
  // Each another number, and all of them in order.
  const times = {
    ...{ heartbeat: 1.25, giveUp: 5.5, watchdog: 11, leaseTime: 16, graceTime: 21, vipLoss: 17.5 },
    ...{ followLease: 2.125, hold: 12, holdOff: 61, failures: 4, wellTime: 62, startLimit: 63 },
    ...{ stopGrace: 31, copyLimit: 22, startDeadline: 301, healthEvery: 1.5, healthTimeout: 6 },
    ...{ healthRefused: 7, healthSlow: 64, deepEvery: 18, deepTimeout: 8, fenceLimit: 65 },
  };
  assert.deepEqual(Object.keys(times).sort(), Object.keys(defaultTimes).sort());
  const [read] = readByAgent([{ ...good, fenceAgent: "fence_virsh", times }]);
  assert.ok(read?.setup, read?.mistakes?.join());
  const { core, questions } = read.setup;
  const told = Object.fromEntries(
    Object.entries(core).filter(([name, value]) => typeof value === "number" && !ofAgentAlone.includes(name)),
  );
  assert.deepEqual(told, {
    ...{ heartbeat: 1_250, give_up: 5_500, watchdog: 11_000, lease_time: 16_000, grace_time: 21_000 },
    ...{ vip_loss: 17_500, follow_lease: 2_125, hold: 12_000, hold_off: 61_000, failures: 4 },
    ...{ well_time: 62_000, start_limit: 63_000, stop_grace: 31_000, copy_limit: 22_000 },
    ...{ start_deadline: 301_000, refused_time: 7_000, slow_time: 64_000, fence_limit: 65_000 },
  });
  assert.deepEqual(
    questions.map(({ every, timeout }) => [every, timeout]),
    [
      [1_500, 6_000],
      [18_000, 8_000],
    ],
  );
});

test("the settings have these defaults, and every timer is within its bounds", () => {
  const { guard } = parseSettings(stack);
  for (const [timers, values] of [
    [agentTimers, guard],
    [healthTimers, guard.health],
  ] as [Record<string, Timer>, Record<string, unknown>][])
    for (const [name, { default: standard, least, most, whole }] of Object.entries(timers)) {
      assert.equal(values[name], standard, name);
      assert.ok(least <= standard && standard <= most && (!whole || Number.isInteger(standard)), name);
    }
  assert.deepEqual(
    timerRules.flatMap((rule) => timerMistakes(rule, defaultTimes)),
    [],
  );
});

test("until the agent says its own time, systemd watches it for as long as a successor waits", () => {
  const unit = textOf("node", "units", "ha-rancher-agent.service");
  assert.equal(/^WatchdogSec=(\d+)$/m.exec(unit)?.[1], String(defaultTimes.watchdog));
});

test("the documentation has the same times", () => {
  const known: Record<string, number> = { ...defaultTimes };
  const told = new Set<string>();
  for (const page of ["fencing.md", "one-writer.md"]) {
    const text = textOf("docs", page);
    const rows = [...text.matchAll(/^\| ((?:`\w+`(?:, )?)+) \| ([\d., s]+) \|/gm)];
    for (const [, names = "", values = ""] of rows) {
      const all = values.split(", ").map((value) => Number(value.replace(/ s$/, "")));
      for (const [i, name] of (names.match(/\w+/g) ?? []).entries()) {
        assert.equal(all[i], known[name], `\`${name}\` in the table of docs/${page}`);
        told.add(name);
      }
    }
    for (const [, value, name = ""] of text.matchAll(/^\| (\d+) \(`(\w+)`\)/gm))
      assert.equal(Number(value), known[name], `\`${name}\` in the course of a failover in docs/${page}`);
    assert.ok(
      text.replaceAll("`", "").replace(/\s+/g, " ").includes(orderInShort),
      `the order in docs/${page}`,
    );
  }
  for (const name of timerRules.flatMap(({ of }) => of)) assert.ok(told.has(name), `${name} is in no table`);
});

/** Times in hundredths of a second, around what is in order, so that both sides of each rule come up. */
const around = (least: number, most: number): fc.Arbitrary<number> =>
  fc.integer({ min: least * 100, max: most * 100 }).map((hundredths) => hundredths / 100);

const someTimes: fc.Arbitrary<Partial<AgentTimes>> = fc
  .record({
    heartbeat: around(0.25, 3),
    /** What each has beyond the least that the one before it allows; below 0 it is out of order. */
    more: fc.array(fc.oneof(around(0, 20), around(-2, 2)), { minLength: 5, maxLength: 5 }),
  })
  .map(({ heartbeat, more: [a = 0, b = 0, c = 0, d = 0, e = 0] }) => {
    const within = (name: keyof AgentTimes, value: number): number => {
      const { least, most, whole } = agentTimers[name];
      const bounded = Math.min(most, Math.max(least, value));
      return whole ? Math.round(bounded) : Math.round(bounded * 100) / 100;
    };
    const giveUp = within("giveUp", 3 * heartbeat + a);
    const watchdog = within("watchdog", giveUp + 2 * heartbeat + b);
    const leaseTime = within("leaseTime", watchdog + 1 + c);
    return {
      ...{ heartbeat, giveUp, watchdog, leaseTime },
      graceTime: within("graceTime", leaseTime + d),
      followLease: within("followLease", heartbeat + e),
    };
  });

const configurationOf = ({ guard, startDeadline, fencing }: Settings) => ({
  ...good,
  times: nodeTimes(guard, guard.health, { startDeadline, fenceLimit: fencing.timeout }),
});

function refusedByComponent(times: object): boolean {
  const nodes = [
    { name: "a", address: "192.168.56.11" },
    { name: "b", address: "192.168.56.12" },
  ] as never;
  const floatingIp = { vip: { address: "192.168.56.10", prefix: 24 } };
  try {
    checkArgs("x", { id: "x", nodes, floatingIp, guard: times });
    return false;
  } catch {
    return true;
  }
}

test("what the settings accept the component and the agent accept, and what they refuse those refuse", () => {
  const samples = fc.sample(someTimes, { numRuns: 300, seed: 20261129 });
  const judged = samples.map((times) => {
    const { guard, ...others } = parseSettings(stack);
    // As if they had been accepted: what a component may be given without the settings.
    const settings = { ...others, guard: { ...guard, ...times } };
    let accepted = true;
    try {
      parseSettings({ ...stack, guard: JSON.stringify(times) });
    } catch {
      accepted = false;
    }
    return { times, accepted, configuration: configurationOf(settings) };
  });
  const read = readByAgent(judged.map(({ configuration }) => configuration));
  for (const [i, { times, accepted, configuration }] of judged.entries()) {
    const shown = JSON.stringify(times);
    assert.equal(!refusedByComponent(configuration.times), accepted, `the component on ${shown}`);
    assert.equal(read[i]?.mistakes === undefined, accepted, `the agent on ${shown}: ${read[i]?.mistakes}`);
  }
  const count = judged.filter(({ accepted }) => accepted).length;
  assert.ok(count > 20 && count < samples.length - 20, `${count} of ${samples.length} are accepted`);
});
