import type { Bounds, Fault, Roles, Timing } from "./faults";
import type { Random } from "./random";

/** What a scenario can do to the stack while it runs. */
export interface Injector {
  /** Injects a fault; its target is whoever holds the VIP at that time. */
  inject(fault: Fault): Promise<void>;
  /** Takes back everything that was injected. */
  heal(): Promise<void>;
  /** Waits, milliseconds; Ctrl-C ends the wait. */
  pause(milliseconds: number): Promise<void>;
  /** Whether Ctrl-C has ended the drill. */
  readonly aborted: boolean;
}

/** A fault that consists of many. */
export interface Scenario extends Fault {
  run(injector: Injector): Promise<void>;
}

const nothing = (_: Roles): [] => [];

/** Milliseconds from the healing of one fault to the next fault, at most. The stack may still be unhealthy then. */
const longestPause = 20_000;
/** Milliseconds after which a random fault is healed, at most. */
const longestFault = 40_000;

/**
 * Random faults for a given time, one or two at once. Together they may cost as much as each of them may cost alone.
 * The invariants, and that the service comes back, are checked over the whole time.
 *
 * @param among the faults to choose from; no pairs
 */
export function randomFaults(minutes: number, among: Fault[], random: Random): Scenario {
  const chosen: Fault[] = [];
  const sum = (timing: Timing, key: keyof Bounds): number =>
    chosen.reduce((total, fault) => total + (fault.bounds(timing)[key] ?? 0), 0);
  return {
    name: "random-faults",
    what: `faults at random for ${minutes} min, one or two at a time`,
    needs: [],
    lasts: 0,
    inject: nothing,
    heal: nothing,
    // Read after the run, when the chosen faults are known.
    bounds: (timing) => ({ serviceGap: sum(timing, "serviceGap"), twoHolders: sum(timing, "twoHolders") }),
    excusedAfterResume: 3_000,
    async run(injector) {
      const end = performance.now() + minutes * 60_000;
      while (!injector.aborted && performance.now() < end) {
        const count = random() < 0.25 ? 2 : 1;
        for (let i = 0; i < count; i++) {
          const fault = among[Math.floor(random() * among.length)];
          if (!fault) return;
          chosen.push(fault);
          await injector.inject(fault);
        }
        await injector.pause(random() * longestFault);
        await injector.heal();
        await injector.pause(random() * longestPause);
      }
    },
  };
}
