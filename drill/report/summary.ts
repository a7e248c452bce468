import type { Breach, Verdict } from "../audits/invariants";
import type { Measures } from "../audits/measures";
import { median, percentile } from "../bench/report";
import type { Recording } from "../recording";
import { type Scene, sceneOf } from "./scene";

/** What a trial came to, as report.json has it. */
export interface TrialResult {
  number: number;
  fault: string;
  what: string;
  date: string;
  /** Who had the VIP. */
  holder: string;
  measures: Measures;
  takeoverBound?: number;
  breaches: Breach[];
  slow: string[];
  /** It could not be carried out: it counts for nothing. */
  problem?: string;
  /** What happened, as a picture. */
  scene: Scene;
}

/** Milliseconds. */
export interface Figures {
  n: number;
  median: number;
  p95: number;
  max: number;
}

/**
 * `broken`: an invariant did not hold; `failed`: a trial could not be carried out; `slow`: a promised time was not
 * kept, and nothing was broken; `held`: all is well.
 */
export type Result = "held" | "slow" | "broken" | "failed";

/** All trials of one fault. Figures that were not measured are missing. */
export interface FaultRow {
  fault: string;
  what: string;
  n: number;
  vipGap?: Figures;
  serviceGap?: Figures;
  takeover?: Figures;
  takeoverBound?: number;
  twoHolders?: Figures;
  twoWriters?: Figures;
  /** Of all trials; missing if no writes were made. */
  acknowledged?: number;
  lost?: number;
  duplicated?: number;
  result: Result;
  /** Invariants that did not hold, each once with what was seen first. */
  breaches: string[];
}

/** The report of a drill: report.json. */
export interface DrillReport {
  version: 1;
  date: string;
  stack: string;
  /** Where it ran: the place, the machine. */
  place: string;
  machine: string;
  nodes: string[];
  /** Draws the same order and phases again. */
  seed: number;
  /** Ended before its time: why. */
  interrupted?: string;
  /** Faults that the place cannot have, and why. */
  skipped: { fault: string; why: string }[];
  rows: FaultRow[];
  trials: TrialResult[];
}

export function trialResult(recording: Recording, { measures, breaches, slow }: Verdict): TrialResult {
  const { number, fault, what, date, holder, takeoverBound, problem } = recording;
  return {
    ...{ number, fault, what, date, holder, measures },
    ...(takeoverBound === undefined ? {} : { takeoverBound }),
    breaches,
    slow,
    ...(problem ? { problem } : {}),
    scene: sceneOf(recording),
  };
}

function figures(values: (number | undefined)[]): Figures | undefined {
  const all = values.flatMap((value) => value ?? []);
  if (all.length === 0) return undefined;
  return {
    n: all.length,
    median: Math.round(median(all)),
    p95: Math.round(percentile(all, 0.95)),
    max: Math.round(Math.max(...all)),
  };
}

function resultOf(trials: TrialResult[]): Result {
  if (trials.some(({ breaches }) => breaches.length)) return "broken";
  if (trials.some(({ problem }) => problem)) return "failed";
  return trials.some(({ slow }) => slow.length) ? "slow" : "held";
}

function rowOf(fault: string, all: TrialResult[]): FaultRow {
  const trials = all.filter(({ problem }) => !problem);
  const each = (key: "vipGap" | "serviceGap" | "takeover" | "twoHolders" | "twoWriters") =>
    figures(trials.map(({ measures }) => measures[key]));
  const writes = trials.flatMap(({ measures }) => measures.writes ?? []);
  const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);
  const breaches = new Map<string, string>();
  for (const { breaches: found } of all)
    for (const { invariant, why } of found)
      if (!breaches.has(invariant)) breaches.set(invariant, `${invariant}: ${why}`);
  const row = {
    ...{ vipGap: each("vipGap"), serviceGap: each("serviceGap"), takeover: each("takeover") },
    takeoverBound: all[0]?.takeoverBound,
    ...{ twoHolders: each("twoHolders"), twoWriters: each("twoWriters") },
    ...(writes.length
      ? {
          acknowledged: sum(writes.map(({ acknowledged }) => acknowledged)),
          lost: sum(writes.map(({ lost }) => lost.length)),
          duplicated: sum(writes.map(({ duplicated }) => duplicated.length)),
        }
      : {}),
  };
  return {
    fault,
    what: all[0]?.what ?? "",
    n: trials.length,
    ...(Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined)) as typeof row),
    result: resultOf(all),
    breaches: [...breaches.values()],
  } as FaultRow;
}

/** One row a fault, in the order of `names`. */
export function rowsOf(trials: TrialResult[], names: readonly string[]): FaultRow[] {
  const present = new Set(trials.map(({ fault }) => fault));
  const order = [
    ...names.filter((name) => present.has(name)),
    ...[...present].filter((name) => !names.includes(name)),
  ];
  return order.map((name) =>
    rowOf(
      name,
      trials.filter(({ fault }) => fault === name),
    ),
  );
}

/** Whether all invariants held, and every trial could be judged. */
export const allHeld = ({ rows }: DrillReport): boolean =>
  rows.length > 0 && rows.every(({ result }) => result === "held" || result === "slow");
