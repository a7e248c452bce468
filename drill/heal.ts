import { setTimeout as sleep } from "node:timers/promises";
import { clock } from "../local/clock";
import { messageOf } from "../local/errors";
import { type Action, shownAction } from "./faults";
import type { Journal } from "./journal";
import type { Pace } from "./pace";
import type { Health, Performed } from "./recording";
import type { Testbed } from "./testbed/testbed";

/** What all steps of a drill need. */
export interface DrillContext {
  testbed: Testbed;
  /** What must be taken back. */
  journal: Journal;
  /** Shows a line of progress. */
  say: (line: string) => void;
  pace: Pace;
}

/** A fault could not be taken back. */
class NotHealed extends Error {}

/** Performs actions one after the other. @param all false: the first failure ends it */
export async function perform(
  testbed: Testbed,
  actions: readonly Action[],
  all: boolean,
): Promise<Performed[]> {
  const performed: Performed[] = [];
  for (const action of actions) {
    const at = clock();
    try {
      const effectAt = await testbed.perform(action);
      performed.push({ action, at, over: clock(), ...(effectAt === undefined ? {} : { effectAt }) });
    } catch (error) {
      const message = messageOf(error);
      performed.push({ action, at, over: clock(), error: message });
      if (!all) break;
    }
  }
  return performed;
}

/**
 * Takes back everything in the journal. What fails is tried again until `pace.healing` is over.
 *
 * @throws NotHealed if something could not be taken back; it stays in the journal
 */
export async function heal({ testbed, journal, say, pace }: DrillContext): Promise<Performed[]> {
  const end = clock() + pace.healing;
  const healed: Performed[] = [];
  for (;;) {
    const performed = await perform(testbed, [...journal.pending], true);
    const done = performed.filter(({ error }) => !error);
    const failed = performed.filter(({ error }) => error);
    healed.push(...done);
    journal.done(done.map(({ action }) => action));
    if (failed.length === 0) return healed;
    const shown = failed
      .map(({ action, error }) => `${shownAction(action)} (${error?.split("\n")[0]})`)
      .join("; ");
    if (clock() > end)
      throw new NotHealed(
        `this could not be taken back: ${shown}. It is in the journal: mend the cause, and start a drill again, which takes it back first`,
      );
    say(`not taken back yet: ${shown}`);
    await sleep(2 * pace.check);
  }
}

/**
 * Asks for the stack's health until it is healthy, `limit` milliseconds at most. `at`: when it was healthy.
 *
 * @param before what it was a moment ago
 */
export async function untilHealthy(
  { testbed, pace }: Pick<DrillContext, "testbed" | "pace">,
  limit: number,
  signal?: AbortSignal,
  before?: Health,
): Promise<{ health: Health; at?: number }> {
  const end = clock() + limit;
  for (let first = true; ; first = false) {
    const at = clock();
    const health = await testbed.health(first ? before : undefined);
    if (health.healthy) return { health, at };
    if (clock() > end || signal?.aborted) return { health };
    await sleep(pace.check);
  }
}
