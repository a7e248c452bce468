import { faults } from "../faults";
import { type FaultRow, rowsOf } from "./rows";
import { type Timeline, until } from "./timeline";
import type { TrialResult } from "./trial";

/** Where and how a drill ran. */
interface Circumstances {
  stack: string;
  /** The kind of place, and the machine that drilled. */
  place: string;
  machine: string;
  nodes: string[];
  /** Gives the same order and phases again. */
  seed: number;
  /** Why the drill ended early. */
  interrupted?: string;
  /** Faults that are not possible there, and why. */
  skipped: { fault: string; why: string }[];
}

/** The figures of a drill, without its trials: summary.json, which report.md and the pictures are made from. */
export interface DrillSummary extends Circumstances {
  version: 2;
  /** The days of the first and the last trial, `2026-11-29`. */
  from: string;
  to: string;
  /** One for each fault. */
  rows: FaultRow[];
  /** The trial that shows best what a failover is; missing if the active node was never powered off. */
  example?: Timeline;
}

/** The full report of a drill: report.json, which report.html is made from. */
export interface DrillReport extends DrillSummary {
  trials: TrialResult[];
}

/** The trial with the median service gap of all power-offs that can be drawn. */
function exampleOf(trials: TrialResult[]): Timeline | undefined {
  const measured = trials
    .filter(({ fault, problem }) => fault === "power-off" && !problem)
    .flatMap(({ measures: { serviceGap }, timeline }) =>
      serviceGap === undefined || timeline === undefined ? [] : [[serviceGap, timeline] as const],
    )
    .sort(([a], [b]) => a - b);
  const [, timeline] = measured[Math.floor((measured.length - 1) / 2)] ?? [];
  // Later the client asks less often (pace.ts), which looks like gaps.
  const healed = timeline?.marks.find(({ text }) => text === "healed");
  return (
    timeline && {
      ...until(timeline, healed && healed.at + 5_000),
      title: "The active node is powered off",
    }
  );
}

/** Puts a report together; one without trials is of today. */
export function reportOf(circumstances: Circumstances, trials: TrialResult[]): DrillReport {
  const dates = trials.length ? trials.map(({ date }) => date) : [new Date().toISOString()];
  const days = dates.map((date) => date.slice(0, 10)).sort();
  const example = exampleOf(trials);
  return {
    ...circumstances,
    ...(example && { example }),
    version: 2,
    ...{ from: days[0] ?? "", to: days.at(-1) ?? "" },
    rows: rowsOf(
      trials,
      faults.map(({ name }) => name),
    ),
    trials,
  };
}

/** The same without the trials. */
export function summaryOf({ trials: _, ...summary }: DrillReport): DrillSummary {
  return summary;
}

/** Whether all invariants held, and every trial could be judged. */
export const allHeld = ({ rows }: DrillSummary): boolean =>
  rows.length > 0 && rows.every(({ result }) => result === "held" || result === "slow");
