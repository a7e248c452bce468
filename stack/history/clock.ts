/** One question for a node's time. All are milliseconds since 1970; `theirs` by the node's clock, the others by ours. */
export interface ClockReading {
  asked: number;
  answered: number;
  theirs: number;
}

/** How far a node's clock is ahead of ours, and how uncertain that is; milliseconds. */
export interface ClockOffset {
  ahead: number;
  uncertainty: number;
}

/** A clock that was read at any moment between question and answer; the quickest answer is the most certain. */
export function offsetOf(readings: readonly ClockReading[]): ClockOffset | undefined {
  const usable = readings.filter(
    ({ asked, answered, theirs }) => Number.isFinite(theirs) && answered >= asked,
  );
  const best = usable.sort((one, other) => one.answered - one.asked - (other.answered - other.asked))[0];
  if (!best) return undefined;
  const uncertainty = (best.answered - best.asked) / 2;
  return { ahead: best.theirs - (best.asked + uncertainty), uncertainty };
}

/** A moment at which a clock was set. */
export interface ClockStep {
  /** By the clock as it is afterwards. */
  at: number;
  /** Milliseconds; negative: it was set back. */
  by: number;
}

/** From which on a difference is no drift of a clock: milliseconds. */
export const noticeable = 1_000;

interface Stamped {
  time: number;
  sinceBoot?: number;
  boot: string;
}

/**
 * Finds where a node's clock was set, in the order of its journal: there its time of day and the time since its boot went on
 * by different amounts. A machine that was paused and whose clock was then set right looks like one whose clock was wrong.
 */
export function stepsOf(entries: readonly Stamped[]): ClockStep[] {
  const steps: ClockStep[] = [];
  let before: Stamped | undefined;
  for (const entry of entries) {
    const { sinceBoot, boot, time } = entry;
    if (sinceBoot === undefined) continue;
    if (before?.sinceBoot !== undefined && before.boot === boot) {
      const by = time - before.time - (sinceBoot - before.sinceBoot);
      if (Math.abs(by) >= noticeable) steps.push({ at: time, by });
    }
    before = entry;
  }
  return steps;
}

/**
 * The times of a node's entries by our clock. What was said before the clock was set back had a time that was too late; before it
 * was set forward it may have been right (a pause) or not, and stays.
 *
 * @param offset undefined: not known, and taken for 0
 */
export function timesOf(entries: readonly Stamped[], offset: ClockOffset | undefined): number[] {
  const times: number[] = [];
  let back = 0;
  for (let i = entries.length - 1; i >= 0; i--) {
    const [here, next] = [entries[i] as Stamped, entries[i + 1]];
    const [step] = next ? stepsOf([here, next]) : [];
    back += Math.min(0, step?.by ?? 0);
    times[i] = here.time - (offset?.ahead ?? 0) + back;
  }
  return times;
}
