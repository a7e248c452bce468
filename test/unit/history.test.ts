import assert from "node:assert/strict";
import { test } from "node:test";
import { type History, historyOf, type NodeJournal } from "../../stack/history";
import { type Chain, phaseNames } from "../../stack/history/chain";
import { offsetOf, stepsOf, timesOf } from "../../stack/history/clock";
import { journalEntry } from "../../stack/history/entry";
import { eventOf } from "../../stack/history/event";
import { Chance, fuzzRuns, fuzzSeed } from "./fuzz-random";
import { entriesOf, journalsOf, lastOf, linesOf, readingsAhead, scenarios } from "./history-journals";

const told = (journals: readonly NodeJournal[]): History => historyOf(journals, lastOf(journals));

/** The stories of the service and the VIP. */
const chainsOf = (journals: readonly NodeJournal[]): Chain[] =>
  told(journals).chains.filter(({ kind }) => kind !== "event");

const whole = ["seen", "vip", "lease", "mounted", "started", "well"];

/** What each recording is the story of, after the first start: kind, whether the node changed, why. */
const expected: Record<string, [kind: string, moved: boolean, why: RegExp][]> = {
  "agent-killed": [["agent", false, /^the lease of epoch 1 is taken over from the agent before$/]],
  "container-ends": [["restart", false, /^1 of 3: the container ended by itself/]],
  "no-storage": [["failover", true, /^no heartbeat was confirmed for 3\d\d\d ms: giving up$/]],
  "power-off": [["failover", true, /^node-\w was silent$/]],
  "service-fails": [["failover", true, /^the service failed 3 times: the container ended by itself/]],
  switchover: [["switchover", true, /^told to hand over: the VIP is given to another node$/]],
  "vip-lost": [["vip", false, /^the VIP went to node-\w -> node-\w/]],
};

test("every recording is expected to be something", () => {
  assert.deepEqual(Object.keys(expected).sort(), scenarios.sort());
});

for (const [scenario, stories] of Object.entries(expected))
  test(`${scenario}: one entry, after that of the start`, () => {
    const [start, ...chains] = chainsOf(journalsOf(scenario));
    assert.ok(start);
    assert.equal(start.kind, "start");
    assert.equal(start.epoch, 1);
    assert.deepEqual(Object.keys(start.phases), whole);
    assert.deepEqual(
      chains.map(({ kind }) => kind),
      stories.map(([kind]) => kind),
    );
    for (const [i, [, moved, why]] of stories.entries()) {
      const chain = chains[i] as Chain;
      assert.match(chain.why, why);
      if (!moved) continue;
      assert.equal(chain.from, start.node);
      assert.notEqual(chain.node, start.node);
      assert.equal(chain.epoch, 2);
      const times = phaseNames.map((name) => chain.phases[name] ?? Number.NaN);
      assert.deepEqual(times, [...times].sort(), "each step after the one before");
      assert.ok((chain.end ?? 0) > chain.begin && (chain.end ?? 0) - chain.begin < 30_000);
    }
  });

test("no event of the agents is lost or told twice", () => {
  for (const scenario of scenarios) {
    const journals = journalsOf(scenario);
    const events = told(journals).chains.flatMap((chain) => chain.events);
    assert.equal(new Set(events).size, events.length, scenario);
    const grave = (kind: string): boolean => !["state", "fit", "unfit", "vrrp"].includes(kind);
    const said = journals.flatMap(({ node, entries }) =>
      entries.flatMap((each) => eventOf(node, each) ?? []),
    );
    const count = (of: { kind: string }[]): number => of.filter(({ kind }) => grave(kind)).length;
    assert.equal(count(events), count(said), scenario);
  }
});

test("a clock that is wrong changes nothing in the story", () => {
  for (const scenario of scenarios) {
    const right = journalsOf(scenario);
    const wrong = right.map((journal, i) => {
      const ahead = i === 0 ? 0 : 7_300;
      const entries = journal.entries.map((entry) => ({ ...entry, time: entry.time + ahead }));
      return { ...journal, entries, readings: readingsAhead(ahead) };
    });
    const shown = (journals: NodeJournal[]): unknown[] =>
      historyOf(journals, lastOf(right)).chains.map(({ kind, node, why, begin, end }) => [
        ...[kind, node, why, Math.round(begin)],
        end && Math.round(end),
      ]);
    assert.deepEqual(shown(wrong), shown(right), scenario);
    assert.deepEqual(told(wrong).clocks[1]?.offset, { ahead: 7_300, uncertainty: 10 });
  }
});

test("what only one node can tell is told without the other", () => {
  const journals = journalsOf("power-off");
  const [start] = chainsOf(journals);
  const left = chainsOf(journals.filter(({ node }) => node !== start?.node));
  assert.deepEqual(
    left.map(({ kind, from }) => [kind, from]),
    [["failover", start?.node]],
  );
});

test("a journal that begins in the middle of a tenure has its end", () => {
  const journals = journalsOf("switchover").map((journal) => {
    const well = journal.entries.findIndex(({ text }) => text.includes("Warming -> Active"));
    const isFirst = journal.entries.some(({ text }) => text.includes('"epoch 1 after nobody'));
    return isFirst ? { ...journal, entries: journal.entries.slice(well + 1) } : journal;
  });
  assert.equal(
    chainsOf(journals).some(({ kind }) => kind === "start"),
    false,
  );
  const chain = chainsOf(journals).find(({ kind }) => kind === "switchover");
  assert.match(chain?.why ?? "", /^told to hand over/);
  assert.deepEqual(Object.keys(chain?.phases ?? {}), whole);
});

test("wherever a journal begins or ends, nothing fails, and a takeover is one entry", () => {
  for (const scenario of scenarios)
    for (const end of [false, true]) {
      const whole = journalsOf(scenario);
      const longest = Math.max(...whole.map(({ entries }) => entries.length));
      for (let cut = 0; cut <= longest; cut++) {
        const journals = whole.map((journal) => ({
          ...journal,
          entries: end ? journal.entries.slice(0, -cut || undefined) : journal.entries.slice(cut),
        }));
        const takeovers = journals
          .flatMap(({ entries }) => entries)
          .filter(({ text }) => text.includes('"event": "takeover"')).length;
        const { chains } = historyOf(journals, lastOf(whole));
        assert.equal(chains.filter(({ phases }) => phases.lease !== undefined).length, takeovers);
      }
    }
});

/** An entry of the agent. */
const agentLine = (at: number, event: string, text: string, more: object = {}, boot = "a"): string =>
  JSON.stringify({
    MESSAGE: JSON.stringify({ event, text, ...more }),
    ...{ _SYSTEMD_UNIT: "ha-rancher-agent.service", _BOOT_ID: boot },
    __REALTIME_TIMESTAMP: String(at * 1000),
    __MONOTONIC_TIMESTAMP: String(at * 1000),
  });

const systemdLine = (at: number, unit: string, text: string): string =>
  JSON.stringify({
    ...{ MESSAGE: text, UNIT: unit, _SYSTEMD_UNIT: "init.scope", _BOOT_ID: "a" },
    __REALTIME_TIMESTAMP: String(at * 1000),
  });

const of = (node: string, lines: readonly string[]): NodeJournal => ({
  ...{ node, entries: entriesOf(lines), readings: readingsAhead(0) },
});

test("a start that never was well is a failed start, and the one after it has its reason", () => {
  const epoch = 4;
  const a = of("a", [
    agentLine(1_000, "state", "Standby -> Contending: the VIP is here"),
    agentLine(1_001, "takeover", "epoch 4 after b: the lease is taken", { epoch }),
    agentLine(1_002, "state", "Contending -> Taking: the lease is taken", { epoch }),
    agentLine(1_003, "state", "Taking -> Mounting: the epoch is written", { epoch }),
    agentLine(9_000, "give-up", "the data cannot be used: no such file", { epoch }),
    agentLine(9_001, "state", "Mounting -> Stopping: the data cannot be used: no such file", { epoch }),
    agentLine(9_100, "released", "the data cannot be used: no such file"),
    agentLine(9_101, "state", "Releasing -> Standby: the data cannot be used: no such file"),
  ]);
  const c = of("c", [
    agentLine(9_200, "state", "Standby -> Contending: the VIP is here"),
    agentLine(9_300, "takeover", "epoch 5 after a: the lease is taken", { epoch: 5 }),
    agentLine(9_900, "state", "Launching -> Warming: the container runs", { epoch: 5 }),
    agentLine(12_000, "state", "Warming -> Active: the service is well", { epoch: 5 }),
  ]);
  const [failed, failover, ...none] = chainsOf([a, c]);
  assert.deepEqual(none, []);
  assert.equal(failed?.kind, "failed start");
  assert.match(failed?.why ?? "", /^the data cannot be used: no such file \(it took over since b was silent/);
  assert.equal(failed?.end, 9_101);
  assert.deepEqual([failover?.kind, failover?.from, failover?.node], ["failover", "a", "c"]);
  assert.match(failover?.why ?? "", /^the data cannot be used/);
});

test("an owner that leaves while nobody takes over, and a stop by order, are an end", () => {
  const lines = [
    agentLine(1_000, "state", "Active -> Stopping: the service is stopped: a new disk", { epoch: 3 }),
    agentLine(2_000, "released", "the service is stopped: a new disk"),
    agentLine(2_001, "state", "Releasing -> Standby: the service is stopped: a new disk"),
  ];
  const [chain] = chainsOf([of("a", lines)]);
  assert.deepEqual([chain?.kind, chain?.why], ["end", "the service is stopped: a new disk"]);
  const again = [
    ...lines,
    agentLine(8_000, "again", "epoch 4 after a: the lease is taken", { epoch: 4 }),
    agentLine(9_000, "state", "Warming -> Active: the service is well", { epoch: 4 }),
  ];
  assert.deepEqual(
    chainsOf([of("a", again)]).map(({ kind, why }) => [kind, why]),
    [["start", "the service is stopped: a new disk"]],
  );
});

test("an owner that booted is told from one that was silent", () => {
  const a = of("a", [
    agentLine(1_000, "state", "Warming -> Active: the service is well", { epoch: 1 }),
    agentLine(60_000, "state", "Begin -> Standby: nothing was left by an agent before", {}, "b"),
  ]);
  const b = of("b", [
    agentLine(10_000, "state", "Standby -> Contending: the VIP is here"),
    agentLine(
      25_000,
      "takeover",
      "epoch 2 after a: the lease is taken, its last owner is silent for long enough",
      { epoch: 2 },
    ),
    agentLine(40_000, "state", "Warming -> Active: the service is well", { epoch: 2 }),
  ]);
  const [failover] = chainsOf([a, b]);
  assert.equal(failover?.why, "a was silent, and has booted since");
});

test("a standby that cannot take over is an entry with its last reason; a moment is none", () => {
  const lines = [
    agentLine(1_000, "unfit", "Docker was not asked yet"),
    agentLine(1_100, "fit", "fit again"),
    agentLine(100_000, "unfit", "Docker does not answer"),
    agentLine(101_000, "unfit", "Docker does not answer: Connection refused"),
    agentLine(160_000, "fit", "fit again"),
    agentLine(200_000, "unfit", "the root disk is full"),
  ];
  const { chains } = historyOf([of("a", lines)], 300_000);
  assert.deepEqual(
    chains.map(({ kind, why, begin, end }) => [kind, why, begin, end]),
    [
      ["unfit", "Docker does not answer: Connection refused", 100_000, 160_000],
      ["unfit", "the root disk is full", 200_000, undefined],
    ],
  );
});

test("what systemd says of a unit is told, its daily work is not", () => {
  const lines = [
    systemdLine(
      1_000,
      "keepalived.service",
      "keepalived.service: Main process exited, code=killed, status=9/KILL",
    ),
    systemdLine(2_000, "docker.service", "Started Docker Application Container Engine."),
    systemdLine(3_000, "docker.service", "docker.service: Consumed 3min CPU time"),
    systemdLine(4_000, "ssh.service", "ssh.service: Main process exited, code=killed, status=9/KILL"),
  ];
  const { chains } = historyOf([of("a", lines)], 5_000);
  assert.deepEqual(
    chains.map(({ why }) => why),
    ["unit: keepalived.service: Main process exited, code=killed, status=9/KILL"],
  );
});

test("the quickest answer tells a clock's offset; without one nothing is known", () => {
  assert.deepEqual(offsetOf([]), undefined);
  assert.deepEqual(offsetOf([{ asked: 5, answered: 1, theirs: 3 }]), undefined);
  assert.deepEqual(
    offsetOf([
      { asked: 0, answered: 4_000, theirs: 9_999 },
      { asked: 5_000, answered: 5_040, theirs: 3_020 },
    ]),
    { ahead: -2_000, uncertainty: 20 },
  );
});

test("a clock that was set back gives its times before that; one that was set forward is told", () => {
  const at = (time: number, sinceBoot: number, boot = "a") => ({ time, sinceBoot, boot });
  const back = [at(20_000, 1_000), at(21_000, 2_000), at(12_000, 3_000), at(13_000, 4_000)];
  assert.deepEqual(stepsOf(back), [{ at: 12_000, by: -10_000 }]);
  assert.deepEqual(timesOf(back, undefined), [10_000, 11_000, 12_000, 13_000]);
  const forward = [at(1_000, 1_000), at(62_000, 2_000)];
  assert.deepEqual(stepsOf(forward), [{ at: 62_000, by: 60_000 }]);
  assert.deepEqual(timesOf(forward, { ahead: 500, uncertainty: 1 }), [500, 61_500]);
  assert.deepEqual(stepsOf([at(1_000, 1_000), at(999_000, 20, "b")]), [], "another boot is no step");
});

const hostile = (chance: Chance, line: string): string => {
  const at = chance.below(line.length);
  const piece = chance.of([
    ...[
      "\u0000",
      "\u001b[2J",
      "\\u001b[31m",
      '"',
      "{",
      "}",
      "\\",
      "null",
      "-1",
      "1e999",
      "[]",
      "\u202e",
      "😀",
      "\ud83d",
    ],
    ...["9".repeat(40), "x".repeat(70_000), '"epoch": 1e15, ', "-> Active: ", " -> ", "epoch 9 after ", ""],
  ]);
  return chance.is(0.1) ? piece : line.slice(0, at) + piece + line.slice(at + chance.below(9));
};

test("whatever a node's journal says, the story has an end, and nothing that moves a cursor", () => {
  const recorded = scenarios.flatMap((scenario) => Object.values(linesOf(scenario)));
  for (let i = 0; i < fuzzRuns / 5; i++) {
    const chance = new Chance(fuzzSeed + i);
    const journals = ["a", "b"].map((node): NodeJournal => {
      const lines = chance.of(recorded).filter(() => !chance.is(0.1));
      const spoilt = lines.map((line) => (chance.is(0.4) ? hostile(chance, line) : line));
      const mixed = chance.is(0.3) ? spoilt.sort(() => chance.next() - 0.5) : spoilt;
      return { node, entries: entriesOf(mixed), readings: readingsAhead(chance.below(9_000)) };
    });
    const { chains } = historyOf(journals, 1.8e12);
    for (const { why, begin, events, node } of chains) {
      assert.ok(Number.isFinite(begin), `seed ${fuzzSeed + i}`);
      assert.ok(["a", "b"].includes(node), "a node is its connection's, whatever it says");
      for (const text of [why, ...events.map((event) => event.text)]) {
        assert.doesNotMatch(text, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u, `seed ${fuzzSeed + i}`);
        assert.ok(text.length < 1_000);
      }
    }
  }
});

test("a node that says very much is no end", () => {
  const lines = Array.from({ length: 20_000 }, (_, i) =>
    agentLine(
      i,
      ["takeover", "kill", "unfit", "vip", "state"][i % 5] as string,
      "epoch 1 after b: Active -> Killing: x",
      {
        epoch: i,
      },
    ),
  );
  const begun = process.cpuUsage();
  historyOf([of("a", lines), of("b", lines)], 20_000);
  assert.ok(process.cpuUsage(begun).user < 20e6);
});

test("lines that are no entries are none", () => {
  for (const line of [
    "",
    "{",
    "null",
    "[]",
    "7",
    '"x"',
    "{}",
    '{"__REALTIME_TIMESTAMP":"x"}',
    '{"__REALTIME_TIMESTAMP":"1e300"}',
  ])
    assert.equal(journalEntry(line), undefined, line);
});
