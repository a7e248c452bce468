import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { confKey, guardConf } from "../../domain/guard-conf";
import {
  defaultTimes,
  type GuardTimes,
  guardTimers,
  healthTimers,
  nodeTimes,
  orderInShort,
  type Timer,
  timerMistakes,
  timerRules,
} from "../../domain/timers";
import { packageRoot } from "../../local/root";
import { defaultConfig, types } from "../../policy/rule";
import { rules } from "../../policy/rules";
import { parseSettings, type Settings } from "../../settings";

/* The timers are declared in domain/timers.ts: whoever else has them must agree. */

const textOf = (...path: string[]): string => readFileSync(join(packageRoot, ...path), "utf8");
const configuration = textOf("node", "guard", "configuration.bash");

const good = {
  vip: "192.168.56.10/24",
  nodes: JSON.stringify([
    { name: "a", address: "192.168.56.11" },
    { name: "b", address: "192.168.56.12" },
  ]),
};

test("a node has the same defaults, and its comment tells them", () => {
  const code = Object.fromEntries(
    [...configuration.matchAll(/\[([A-Z_]+)\]=(\d+)\b/g)].map(([, key = "", value]) => [key, Number(value)]),
  );
  const comment = Object.fromEntries(
    [...configuration.matchAll(/^#.*$/gm)].flatMap(([line]) =>
      [...line.matchAll(/\b([A-Z]+(?:_[A-Z]+)*) +(\d+)\b/g)].map(([, key = "", value]) => [
        key,
        Number(value),
      ]),
    ),
  );
  for (const [name, value] of Object.entries(defaultTimes)) {
    assert.equal(code[confKey(name)], value, `${name} in load_configuration`);
    assert.equal(comment[confKey(name)], value, `${name} in the comment`);
  }
});

test("the settings have these defaults, and every timer is within its bounds", () => {
  const { guard } = parseSettings(good);
  for (const [timers, values] of [
    [guardTimers, guard],
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

test("until the guard says GIVE_UP itself, systemd watches it for as long as a successor waits", () => {
  const unit = textOf("node", "units", "ha-rancher-guard.service");
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

const someTimes: fc.Arbitrary<Partial<GuardTimes>> = fc
  .record({
    heartbeat: around(0.25, 3),
    /** What each has beyond the least that the one before it allows; below 0 it is out of order. */
    more: fc.array(fc.oneof(around(0, 20), around(-2, 2)), { minLength: 5, maxLength: 5 }),
    vipLoss: around(0.5, 10),
  })
  .map(({ heartbeat, more: [a = 0, b = 0, c = 0, d = 0, e = 0], vipLoss }) => {
    const within = (name: keyof GuardTimes, value: number): number => {
      const { least, most, whole } = guardTimers[name];
      const bounded = Math.min(most, Math.max(least, value));
      return whole ? Math.round(bounded) : Math.round(bounded * 100) / 100;
    };
    const giveUp = within("giveUp", 3 * heartbeat + a);
    const watchdog = within("watchdog", giveUp + 2 * heartbeat + b);
    const leaseTime = within("leaseTime", watchdog + 1 + c);
    return {
      ...{ heartbeat, giveUp, watchdog, leaseTime, vipLoss },
      graceTime: within("graceTime", leaseTime + d),
      giveBack: within("giveBack", vipLoss + 3 * heartbeat + e),
    };
  });

const confOf = ({ guard, startDeadline, fencing }: Settings): string =>
  guardConf({
    ...{ node: "a", vip: "192.168.56.10", container: "c", healthUrl: "https://127.0.0.1/healthz" },
    ...{ dataDirectory: "/data", dataUnit: "data.mount", leaseDirectory: "/lease" },
    ...{ identity: "x-a", sentinel: "x" },
    times: nodeTimes(guard, guard.health, { startDeadline, fenceLimit: fencing.timeout }),
  });

/** Which of the files a node refuses, with what it says. */
function refusedByNode(confs: string[]): Map<number, string> {
  const folder = mkdtempSync(join(tmpdir(), "timers-"));
  try {
    const files = confs.map((conf, i) => {
      const file = join(folder, `${i}.conf`);
      writeFileSync(file, conf);
      return file;
    });
    const script = `source node/guard/configuration.bash
      for file; do said=$(load_configuration "$file" 2>&1) || printf '%s\\n' "$file $said"; done`;
    const text = execFileSync("bash", ["--norc", "-uc", script, "bash", ...files], {
      cwd: packageRoot,
      encoding: "utf8",
    });
    return new Map(
      text
        .split("\n")
        .filter(Boolean)
        .map((line) => [Number(/(\d+)\.conf /.exec(line)?.[1]), line]),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function refusedByPolicy(conf: string): string[] {
  const rule = rules.find(({ name }) => name === "timers-in-order") ?? assert.fail();
  const judge = rule.resources?.[types.files] ?? assert.fail();
  const props = { files: { "/etc/ha-rancher/guard.conf": { content: conf } } };
  const context = { environment: "prod", isPreview: false, config: defaultConfig(rule, "prod") } as const;
  return judge({ type: types.files, name: "files", props, isProtected: false }, context);
}

test("what the settings accept the policy and the node accept, and what they refuse those refuse", () => {
  const samples = fc.sample(someTimes, { numRuns: 150, seed: 20261129 });
  const judged = samples.map((times) => {
    const { guard, ...others } = parseSettings(good);
    // As if they had been accepted: what a component may be given without the settings.
    const settings = { ...others, guard: { ...guard, ...times } };
    let accepted = true;
    try {
      parseSettings({ ...good, guard: JSON.stringify(times) });
    } catch {
      accepted = false;
    }
    return { times, accepted, conf: confOf(settings) };
  });
  const byNode = refusedByNode(judged.map(({ conf }) => conf));
  for (const [i, { times, accepted, conf }] of judged.entries()) {
    const shown = JSON.stringify(times);
    assert.equal(refusedByPolicy(conf).length === 0, accepted, `the policy on ${shown}`);
    // A node does not check when the VIP is given back: that costs time, and no second writer.
    const order = timerRules.filter(({ of: [first] }) => first !== "giveBack");
    const kept = order.every(({ holds }) => holds({ ...defaultTimes, ...times }));
    assert.equal(byNode.has(i), !kept, `the node on ${shown}: ${byNode.get(i)}`);
  }
  const count = judged.filter(({ accepted }) => accepted).length;
  assert.ok(count > 20 && count < samples.length - 20, `${count} of ${samples.length} are accepted`);
});
