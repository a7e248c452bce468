import { goesOn } from "../faults/bounds";
import { type Figures, figuresOf, seconds } from "../statistics";
import type { TrialResult } from "./trial";

/**
 * `broken`: an invariant did not hold; `failed`: a trial could not be carried out; `slow`: something took longer than
 * promised, and no invariant was broken; `held`: all invariants held in time.
 */
export type Result = "held" | "slow" | "broken" | "failed";

/** All trials of one fault. Times are milliseconds; figures that were not measured are missing. */
export interface FaultRow {
  fault: string;
  /** One sentence: what the fault does. */
  what: string;
  n: number;
  vipGap?: Figures;
  serviceGap?: Figures;
  takeover?: Figures;
  takeoverBound?: number;
  /** The takeover time of each trial, for the plot; only with a `takeoverBound`. */
  takeovers?: number[];
  twoHolders?: Figures;
  twoWriters?: Figures;
  /** Sums over all trials; missing if no writes were made. */
  acknowledged?: number;
  lost?: number;
  duplicated?: number;
  /** The service must go on (I9). */
  goesOn?: true;
  result: Result;
  /** The invariants that did not hold, each once, with the first observation. */
  breaches: string[];
  /** Why trials could not be carried out, each reason once; missing if all could. */
  problems?: string[];
}

function figures(values: (number | undefined)[]): Figures | undefined {
  const all = values.flatMap((value) => value ?? []);
  return all.length ? figuresOf(all, Math.round) : undefined;
}

function resultOf(trials: TrialResult[]): Result {
  if (trials.some(({ breaches }) => breaches.length)) return "broken";
  if (trials.some(({ problem }) => problem)) return "failed";
  return trials.some(({ slow }) => slow.length) ? "slow" : "held";
}

/** Fewer trials say nothing about 95 % of them: one that took longer is then `slow`. */
const fewestForShare = 10;

/** What I9 says of all trials together: the service is away for `goesOn` at most in 95 % of them. */
const wentOn = (row: Pick<FaultRow, "goesOn" | "serviceGap">): string[] =>
  row.goesOn && row.serviceGap && row.serviceGap.n >= fewestForShare && row.serviceGap.p95 > goesOn
    ? [`I9: no service for ${seconds(row.serviceGap.p95)} s (p95), at most ${seconds(goesOn)} s is promised`]
    : [];

/** The first breach of each invariant. */
function firstBreaches(trials: TrialResult[]): string[] {
  const first = new Map<string, string>();
  for (const { breaches } of trials)
    for (const { invariant, why } of breaches)
      if (!first.has(invariant)) first.set(invariant, `${invariant}: ${why}`);
  return [...first.values()];
}

/** Sums of the writes of all trials; nothing if none were made. */
function writesOf(trials: TrialResult[]): Pick<FaultRow, "acknowledged" | "lost" | "duplicated"> {
  const writes = trials.flatMap(({ measures }) => measures.writes ?? []);
  const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);
  if (writes.length === 0) return {};
  return {
    acknowledged: sum(writes.map(({ acknowledged }) => acknowledged)),
    lost: sum(writes.map(({ lost }) => lost.length)),
    duplicated: sum(writes.map(({ duplicated }) => duplicated.length)),
  };
}

/** The takeover times that the plot compares with the formula; a tenth of a millisecond is far below a pixel. */
function takeoversOf(trials: TrialResult[]): Pick<FaultRow, "takeovers"> {
  const takeovers = trials.flatMap(({ measures, takeoverBound }) =>
    measures.takeover === undefined || takeoverBound === undefined
      ? []
      : Math.round(measures.takeover * 10) / 10,
  );
  return takeovers.length ? { takeovers } : {};
}

function rowOf(fault: string, all: TrialResult[]): FaultRow {
  const trials = all.filter(({ problem }) => !problem);
  const each = (key: "vipGap" | "serviceGap" | "takeover" | "twoHolders" | "twoWriters") =>
    figures(trials.map(({ measures }) => measures[key]));
  const row = {
    ...{ vipGap: each("vipGap"), serviceGap: each("serviceGap"), takeover: each("takeover") },
    takeoverBound: all[0]?.takeoverBound,
    ...takeoversOf(trials),
    ...{ twoHolders: each("twoHolders"), twoWriters: each("twoWriters") },
    ...writesOf(trials),
    goesOn: all.some(({ keeps }) => keeps === "service") ? true : undefined,
  };
  const gone = wentOn(row as FaultRow);
  const problems = [...new Set(all.flatMap(({ problem }) => problem ?? []))];
  return {
    fault,
    what: all[0]?.what ?? "",
    n: trials.length,
    ...(Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined)) as typeof row),
    result: gone.length ? "broken" : resultOf(all),
    breaches: [...firstBreaches(all), ...gone],
    ...(problems.length ? { problems } : {}),
  } as FaultRow;
}

/** One row a fault, in the order of `names`; faults that are not in `names` come last. */
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
