import { seconds } from "../statistics";
import type { FaultRow, Result } from "./rows";
import type { DrillSummary } from "./summary";

/** From good to bad. */
const order: Result[] = ["held", "slow", "failed", "broken"];

/** A difference of medians counts if it is more than a tenth, and more than 50 ms, the precision of a sample. */
const share = 0.1;
const least = 50;

const measures = {
  vipGap: "VIP gap",
  serviceGap: "service gap",
  takeover: "takeover",
  twoHolders: "two holders",
  twoWriters: "two writers",
} as const;

/** One difference between two reports. */
export interface Change {
  fault: string;
  better: boolean;
  /** A sentence for people. */
  what: string;
}

function changesOf(before: FaultRow, after: FaultRow): Change[] {
  const { fault } = after;
  const found: Change[] = [];
  const verdict = order.indexOf(after.result) - order.indexOf(before.result);
  if (verdict !== 0)
    found.push({
      fault,
      better: verdict < 0,
      what: [`${before.result} -> ${after.result}`, ...after.breaches].join("; "),
    });
  for (const [key, name] of Object.entries(measures) as [keyof typeof measures, string][]) {
    const [a, b] = [before[key]?.median, after[key]?.median];
    if (a === undefined || b === undefined) continue;
    if (Math.abs(b - a) <= Math.max(least, share * a)) continue;
    const percent = a ? ` (${b > a ? "+" : ""}${Math.round((100 * (b - a)) / a)} %)` : "";
    found.push({ fault, better: b < a, what: `${name} ${seconds(a)} s -> ${seconds(b)} s${percent}` });
  }
  for (const key of ["lost", "duplicated"] as const) {
    const [a, b] = [before[key], after[key]];
    if (a !== undefined && b !== undefined && a !== b)
      found.push({ fault, better: b < a, what: `${key} writes ${a} -> ${b}` });
  }
  return found;
}

/** What got better or worse from one report to another. Faults that only one of them has are listed by name. */
export function compare(
  before: DrillSummary,
  after: DrillSummary,
): { changes: Change[]; onlyIn: string[]; same: number } {
  const earlier = new Map(before.rows.map((row) => [row.fault, row]));
  const both = after.rows.flatMap((row) => {
    const first = earlier.get(row.fault);
    return first ? [{ fault: row.fault, changes: changesOf(first, row) }] : [];
  });
  const later = new Set(after.rows.map(({ fault }) => fault));
  return {
    changes: both.flatMap(({ changes }) => changes),
    onlyIn: [
      ...before.rows
        .filter(({ fault }) => !later.has(fault))
        .map(({ fault }) => `${fault}: only in the first`),
      ...after.rows
        .filter(({ fault }) => !earlier.has(fault))
        .map(({ fault }) => `${fault}: only in the second`),
    ],
    same: both.filter(({ changes }) => changes.length === 0).length,
  };
}

/** A comparison as text for people. */
export function shownComparison({ changes, onlyIn, same }: ReturnType<typeof compare>): string {
  const list = (title: string, lines: string[]): string[] =>
    lines.length ? [title, ...lines.map((line) => `  ${line}`)] : [];
  const of = (better: boolean): string[] =>
    changes.filter((change) => change.better === better).map(({ fault, what }) => `${fault}: ${what}`);
  return [
    ...list("worse", of(false)),
    ...list("better", of(true)),
    ...list("not in both", onlyIn),
    `${same} faults as before`,
  ].join("\n");
}
