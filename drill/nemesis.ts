import type { Bounds, Cast, Fault, Timing } from "./faults";
import type { Random } from "./random";

/** What a nemesis does from its beginning to its end. */
export interface Stage {
  /** Injects a fault at whoever plays what now. */
  inject(fault: Fault): Promise<void>;
  /** Heals all. */
  heal(): Promise<void>;
  /** Waits, milliseconds; Ctrl-C ends it. */
  pause(milliseconds: number): Promise<void>;
  readonly over: boolean;
}

/** A fault that is a play of many. */
export interface Play extends Fault {
  play(stage: Stage): Promise<void>;
}

const nothing = (_: Cast): [] => [];

/** Milliseconds between the healing of one fault and the next, at most; the stack need not be healthy again. */
const longestPeace = 20_000;
/** A fault of the nemesis is healed after this long at most. */
const longestFault = 40_000;

/**
 * Faults at random, one after the other or two at once, for a given time. All of them may cost what they may cost
 * alone; that the service comes back, and what must never happen, is judged over all of it.
 *
 * @param among what it chooses from; no pairs
 */
export function nemesis(minutes: number, among: Fault[], random: Random): Play {
  const chosen: Fault[] = [];
  const most = (timing: Timing, key: keyof Bounds): number =>
    chosen.reduce((sum, fault) => sum + (fault.bounds(timing)[key] ?? 0), 0);
  return {
    name: "nemesis",
    what: `faults at random for ${minutes} min, one or two at a time`,
    needs: [],
    lasts: 0,
    inject: nothing,
    heal: nothing,
    // Asked for after it: only then is it known what was chosen.
    bounds: (timing) => ({ serviceGap: most(timing, "serviceGap"), twoHolders: most(timing, "twoHolders") }),
    excusedAfterResume: 3_000,
    async play(stage) {
      const end = performance.now() + minutes * 60_000;
      while (!stage.over && performance.now() < end) {
        const count = random() < 0.25 ? 2 : 1;
        for (let i = 0; i < count; i++) {
          const fault = among[Math.floor(random() * among.length)];
          if (!fault) return;
          chosen.push(fault);
          await stage.inject(fault);
        }
        await stage.pause(random() * longestFault);
        await stage.heal();
        await stage.pause(random() * longestPeace);
      }
    },
  };
}
