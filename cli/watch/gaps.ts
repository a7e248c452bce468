import { watchAddress } from "../../drill/probes/address";
import type { Gap } from "./events";

/** Milliseconds between two requests, and from which on their absence is a gap. */
const every = 50;
const least = 4 * every;

/** The VIP's times without an answer, as `ping` finds them. Where there is no `ping`, none is found. */
export class Gaps {
  private last: number | undefined;
  private latest: Gap | undefined;

  /** An answer has come. */
  answered(at: number): void {
    if (this.last !== undefined && at - this.last >= least) this.latest = { from: this.last, to: at };
    this.last = Math.max(at, this.last ?? at);
  }

  /** The latest one; one that goes on has no end. Undefined if there was none. */
  at(now: number): Gap | undefined {
    return this.last !== undefined && now - this.last >= least
      ? { from: this.last, to: undefined }
      : this.latest;
  }
}

/** Begins to look for gaps of an address. @returns what was found, and what ends it */
export function watchGaps(address: string): { gaps: Gaps; end: () => void } {
  const gaps = new Gaps();
  const end = watchAddress(
    address,
    every,
    (at) => gaps.answered(at),
    () => {},
  );
  return { gaps, end };
}
