import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../local/root";
import type { NodeJournal } from "../../stack/history";
import type { ClockReading } from "../../stack/history/clock";
import { type JournalEntry, journalEntry } from "../../stack/history/entry";

/* What real agents said to their journals: recorded by test/agent/support/record_journals.py. */

const folder = join(packageRoot, "test", "unit", "journals");

export const scenarios = readdirSync(folder);

/** The lines of a scenario, by node. */
export const linesOf = (scenario: string): Record<string, string[]> =>
  Object.fromEntries(
    readdirSync(join(folder, scenario)).map((file) => [
      file.replace(/\.jsonl$/, ""),
      readFileSync(join(folder, scenario, file), "utf8")
        .split("\n")
        .filter(Boolean),
    ]),
  );

export const entriesOf = (lines: readonly string[]): JournalEntry[] =>
  lines.flatMap((line) => journalEntry(line) ?? []);

/** A clock that is read three times, and is so many milliseconds ahead. */
export const readingsAhead = (ahead: number): ClockReading[] =>
  [400, 20, 60].map((took, i) => ({
    asked: i * 1_000,
    answered: i * 1_000 + took,
    theirs: i * 1_000 + took / 2 + ahead,
  }));

/** The journals of a scenario's nodes, as they are read over connections. */
export const journalsOf = (scenario: string): NodeJournal[] =>
  Object.entries(linesOf(scenario)).map(([node, lines]) => ({
    ...{ node, entries: entriesOf(lines), readings: readingsAhead(0) },
  }));

/** The last time in journals. */
export const lastOf = (journals: readonly NodeJournal[]): number =>
  Math.max(...journals.flatMap(({ entries }) => entries.map(({ time }) => time)));
