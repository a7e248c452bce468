import { setTimeout as sleep } from "node:timers/promises";
import { clock } from "../../local/clock";
import { messageOf } from "../../local/errors";
import { type Outcome, type Store, storeAt } from "./stores";

/* Numbered writes through the VIP, each sent once, and what the store has of them at the end. */

export interface Write {
  /** From 1. */
  number: number;
  /** Monotonic milliseconds. */
  sent: number;
  answered: number;
  outcome: Outcome;
}

/** The writes compared with the store. All lists are of numbers of writes. */
export interface WritesFound {
  sent: number;
  acknowledged: number;
  /** Acknowledged, and not in the store. */
  lost: number[];
  /** In the store more than once. */
  duplicated: number[];
  /** In the store after a write that was sent later. */
  reordered: number[];
}

/** Writes one number after the other until it is stopped. */
export class WriteClient {
  private readonly store: Store;
  /** Milliseconds from one write to the next; a late answer makes it longer. */
  interval = 100;
  private stopped = false;
  private running: Promise<void> | undefined;

  /**
   * @param place of the store, as {@link storeAt} has it, with the password in its variable
   * @param run the name of this series
   * @param tell called with each write once its outcome is known
   */
  constructor(
    place: string,
    run: string,
    private readonly tell: (write: Write) => void,
  ) {
    this.store = storeAt(place, run);
  }

  start(): void {
    this.running = this.work();
  }

  /** Ends once the current write has an outcome. */
  async stop(): Promise<void> {
    this.stopped = true;
    await this.running;
    this.store.close();
  }

  private async work(): Promise<void> {
    for (let number = 1; !this.stopped; number++) {
      const sent = clock();
      const outcome = await this.store.write(number);
      this.tell({ number, sent, answered: clock(), outcome });
      const left = this.interval - (clock() - sent);
      if (left > 0) await sleep(left);
    }
  }
}

/**
 * Reads back a series, in the order in which the store took it. Tries for up to a minute, since the service may be
 * starting.
 *
 * @throws if the service does not answer
 */
export async function readBack(place: string, run: string, password?: string): Promise<number[]> {
  const store = storeAt(place, run, password);
  const end = clock() + 60_000;
  try {
    for (;;) {
      try {
        return await store.numbers();
      } catch (error) {
        if (clock() > end) throw new Error(`the writes cannot be read back: ${messageOf(error)}`);
        await sleep(500);
      }
    }
  } finally {
    store.close();
  }
}

/** Removes a series from the store. A failure does no harm. */
export async function forgetWrites(place: string, run: string, password?: string): Promise<void> {
  const store = storeAt(place, run, password);
  await store.forget().catch(() => undefined);
  store.close();
}

/** Compares what was sent with what the store has. */
export function compareWrites(writes: readonly Write[], stored: readonly number[]): WritesFound {
  const acknowledged = writes.filter(({ outcome }) => outcome === "yes").map(({ number }) => number);
  const there = new Set(stored);
  const first = new Map<number, number>();
  for (const [place, number] of stored.entries()) if (!first.has(number)) first.set(number, place);
  const places = acknowledged.flatMap((number) => {
    const place = first.get(number);
    return place === undefined ? [] : [{ number, place }];
  });
  // Each write was acknowledged before the next one was sent, so the store must have them in this order.
  let latest = -1;
  const reordered: number[] = [];
  for (const { number, place } of places) {
    if (place < latest) reordered.push(number);
    latest = Math.max(latest, place);
  }
  return {
    sent: writes.length,
    acknowledged: acknowledged.length,
    lost: acknowledged.filter((number) => !there.has(number)),
    duplicated: [...new Set(stored.filter((number, place) => first.get(number) !== place))],
    reordered,
  };
}
