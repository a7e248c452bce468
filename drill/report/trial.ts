import type { Breach, Verdict } from "../audits/invariants";
import type { Measures } from "../audits/measures";
import type { Recording } from "../recording";
import { type Timeline, timelineOf } from "./timeline";

/** What a trial came to, as report.json has it; in trials.jsonl without its timeline. */
export interface TrialResult {
  number: number;
  fault: string;
  /** One sentence: what the fault does. */
  what: string;
  /** ISO 8601. */
  date: string;
  /** The node that had the VIP before the fault. */
  holder: string;
  measures: Measures;
  /** What the formula promises for `measures.takeover`, milliseconds; undefined: nothing. */
  takeoverBound?: number;
  /** What the fault leaves its node able to keep; undefined: nothing, or it was not said when the trial was made. */
  keeps?: Recording["keeps"];
  /** The invariants that did not hold. */
  breaches: Breach[];
  /** What took longer than promised. */
  slow: string[];
  /** Why the trial could not be carried out; then it counts for nothing. */
  problem?: string;
  /** What happened, for the picture; missing where only the figures were kept. */
  timeline?: Timeline;
}

/** The result of a trial from its recording and its audit. */
export function trialResult(
  recording: Recording,
  { measures, breaches, slow }: Verdict,
): TrialResult & { timeline: Timeline } {
  const { number, fault, what, date, holder, takeoverBound, keeps, problem } = recording;
  return {
    ...{ number, fault, what, date, holder, measures },
    ...(takeoverBound === undefined ? {} : { takeoverBound }),
    ...(keeps ? { keeps } : {}),
    breaches,
    slow,
    ...(problem ? { problem } : {}),
    timeline: timelineOf(recording),
  };
}
