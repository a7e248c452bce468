import assert from "node:assert/strict";
import { test } from "node:test";
import { historyOf, type NodeJournal } from "../../stack/history";
import { type JournalEntry, keptEntry, withKept } from "../../stack/history/entry";
import { eventOf } from "../../stack/history/event";
import { journalsOf, lastOf } from "./history-journals";

/* What nodes keep of their events themselves, where the journal has lost it or the node is gone. */

/** An agent's line as its file of events has it. */
const lineOf = ({ text, time, sinceBoot, boot, source }: JournalEntry): string =>
  JSON.stringify({
    ...(JSON.parse(text) as object),
    ...{ time: new Date(time).toISOString(), mono: Math.round(sinceBoot ?? 0), boot, by: source },
  });

const isAgent = ({ source, bySystemd, text }: JournalEntry): boolean =>
  !bySystemd && (source === "agent" || source === "lease") && text.startsWith("{");

/** The journals of a scenario whose agents write the lines that are kept, too. */
const scenario = (name: string): Required<NodeJournal>[] =>
  journalsOf(name).map((journal) => {
    const entries = journal.entries.map((entry) =>
      isAgent(entry) ? { ...entry, text: lineOf(entry) } : entry,
    );
    const kept = entries.filter(isAgent).flatMap(({ text }) => keptEntry(text) ?? []);
    assert.ok(kept.length > 3);
    return { ...journal, entries, kept };
  });

const kinds = (journals: readonly NodeJournal[]) =>
  historyOf(journals, lastOf(scenario("power-off")))
    .chains.filter(({ kind }) => kind === "failover" || kind === "start")
    .map(({ kind, node, from, epoch }) => `${kind} ${from ?? "-"} ${node} ${epoch}`);

test("an event that the journal has, too, counts once, and the story is the same", () => {
  const both = scenario("power-off");
  const alone = both.map((journal) => ({ ...journal, kept: [] }));
  assert.deepEqual(historyOf(both, lastOf(both)), historyOf(alone, lastOf(both)));
});

test("what the journal has lost is told from what was kept: a failover is one entry", () => {
  const both = scenario("power-off");
  const whole = kinds(both);
  assert.equal(whole.filter((line) => line.startsWith("failover")).length, 1);
  assert.deepEqual(kinds(both.map((journal) => ({ ...journal, entries: [] }))), whole);
  // Half of it, and of two boots.
  const half = both.map((journal) => ({
    ...journal,
    entries: journal.entries.filter((_, i) => i % 2 === 0),
  }));
  assert.deepEqual(kinds(half), whole);
});

test("what is kept comes in the order of boots and of the time since them, whatever the clock said", () => {
  const entry = (boot: string, sinceBoot: number, time: number, text: string): JournalEntry => ({
    ...{ boot, sinceBoot, time, text, source: "agent", bySystemd: false },
  });
  const journal = [entry("one", 5_000, 105_000, "b"), entry("two", 1_000, 201_000, "d")];
  // The clock was set back by 50 s before `c`.
  const kept = [
    entry("one", 4_000, 104_000, "a"),
    entry("one", 6_000, 56_000, "c"),
    journal[0] as JournalEntry,
  ];
  assert.deepEqual(
    withKept(journal, kept).map(({ text }) => text),
    ["a", "b", "c", "d"],
  );
});

test("what is told for programs goes before the text, and what is none of it is not believed", () => {
  const said = (more: object) =>
    eventOf("a", {
      ...{ time: 1, boot: "", source: "agent", bySystemd: false },
      text: JSON.stringify({ event: "state", text: "Standby -> Contending: the VIP is here", ...more }),
    });
  assert.deepEqual(
    [said({}), said({ from: "warming", to: "active", why: "it answers", lasted: 5 })].map((event) => [
      event?.from,
      event?.to,
      event?.why,
      event?.lasted,
    ]),
    [
      ["standby", "contending", "the VIP is here", undefined],
      ["warming", "active", "it answers", 5],
    ],
  );
  const hostile = said({ from: "\u001b[2J", to: 7, why: ["x"], lasted: -1, steps: { "a b": 1 } });
  assert.deepEqual([hostile?.from, hostile?.lasted, hostile?.steps], ["standby", undefined, undefined]);
  for (const line of ["", "[]", "null", '{"event":"x"}', '{"event":"x","time":"soon"}', "{".repeat(100)])
    assert.equal(keptEntry(line), undefined, line);
});

test("a takeover's sum of its steps belongs to it", () => {
  const journals = scenario("power-off").map((journal) => {
    const at = journal.entries.findIndex(({ text }) => text.includes("Warming -> Active"));
    const active = journal.entries[at];
    if (!active || journal.node !== "node-a") return journal;
    const steps = { detected: 0, vip: 0, lease: 5_000, well: 9_000 };
    const told = { event: "well", text: "9.0 s after it was needed here", epoch: 2, steps };
    const well = { ...active, text: JSON.stringify(told), time: active.time + 1 };
    return {
      ...journal,
      kept: [],
      entries: [...journal.entries.slice(0, at + 1), well, ...journal.entries.slice(at + 1)],
    };
  });
  const { chains } = historyOf(journals, lastOf(journals));
  const failover = chains.filter(({ kind }) => kind === "failover");
  assert.equal(failover.length, 1);
  assert.equal(failover[0]?.events.filter(({ kind }) => kind === "well").length, 1);
  assert.ok(chains.every(({ kind, why }) => kind !== "event" || !why.startsWith("well")));
});
