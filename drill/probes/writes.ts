import { Agent } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { clock } from "../../local/clock";
import { type RequestOptions, send } from "../../providers/http";

/*
 * Numbered writes through the VIP, each sent once, and what the store has of them at the end. The service must have the
 * key-value API of the lab's stand-in (lab/image): POST /kv/DIRECTORY makes a new key for each request, in the order in
 * which the store took the requests. So a write that was done twice is seen.
 */

/** `yes`: acknowledged; `no`: certainly did not reach the service; `unknown`: anything else. */
export type Outcome = "yes" | "no" | "unknown";

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

/** Errors of a request that cannot have reached the service. */
const neverSent = new Set(["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH"]);

/** Sends a request. @throws the error if there was no answer */
async function ask(url: string, options: RequestOptions): Promise<{ status: number; body: string }> {
  const answer = await send(url, options);
  if ("error" in answer) throw answer.error;
  return { status: answer.status ?? 0, body: answer.body };
}

const folder = (url: string, run: string): string => `${url}/kv/drill/${encodeURIComponent(run)}`;

/** Whether the service has the key-value API. @throws if it does not answer */
export async function takesWrites(url: string): Promise<boolean> {
  const { body } = await ask(`${url}/kv/`, { timeout: 10_000 });
  return body.includes('"action":"get"');
}

/** Milliseconds for one write. */
const patience = 3_000;

/** Writes one number after the other until it is stopped. */
export class WriteClient {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 1 });
  /** Milliseconds from one write to the next; a late answer makes it longer. */
  interval = 100;
  private stopped = false;
  private running: Promise<void> | undefined;

  /**
   * @param url of the service, such as `https://192.168.56.10`
   * @param run the name of this series
   * @param tell called with each write once its outcome is known
   */
  constructor(
    private readonly url: string,
    private readonly run: string,
    private readonly tell: (write: Write) => void,
  ) {}

  start(): void {
    this.running = this.work();
  }

  /** Ends once the current write has an outcome. */
  async stop(): Promise<void> {
    this.stopped = true;
    await this.running;
    this.agent.destroy();
  }

  private async work(): Promise<void> {
    for (let number = 1; !this.stopped; number++) {
      const sent = clock();
      const outcome = await this.write(number);
      this.tell({ number, sent, answered: clock(), outcome });
      const left = this.interval - (clock() - sent);
      if (left > 0) await sleep(left);
    }
  }

  private async write(number: number): Promise<Outcome> {
    try {
      const { status, body } = await ask(folder(this.url, this.run), {
        method: "POST",
        agent: this.agent,
        timeout: patience,
        form: { value: String(number) },
      });
      // The store's answer names the new key. A web server without the store answers something else.
      return status === 201 && body.includes('"createdIndex"') ? "yes" : "unknown";
    } catch (error) {
      return neverSent.has((error as NodeJS.ErrnoException).code ?? "") ? "no" : "unknown";
    }
  }
}

interface StoredNode {
  key: string;
  value?: string;
  createdIndex: number;
}

/** The numbers in the store's answer, in the order in which the store took them. */
export function storedNumbers(body: string): number[] {
  const { node } = JSON.parse(body) as { node?: { nodes?: StoredNode[] } };
  return [...(node?.nodes ?? [])]
    .sort((a, b) => a.createdIndex - b.createdIndex)
    .map(({ value }) => Number(value));
}

/**
 * Reads back a series, in the order in which the store took it. Tries for up to a minute, since the service may be
 * starting.
 *
 * @throws if the service does not answer
 */
export async function readBack(url: string, run: string): Promise<number[]> {
  const end = clock() + 60_000;
  for (;;) {
    try {
      const { status, body } = await ask(folder(url, run), { timeout: 20_000 });
      if (status === 200) return storedNumbers(body);
      // 100, "Key not found": the series has no writes.
      if (status === 404 && body.includes('"errorCode":100')) return [];
      throw new Error(`the service answers with status ${status}: ${body.slice(0, 200)}`);
    } catch (error) {
      if (clock() > end)
        throw new Error(`the writes cannot be read back: ${error instanceof Error ? error.message : error}`);
      await sleep(500);
    }
  }
}

/** Removes a series from the store. A failure does no harm. */
export async function forgetWrites(url: string, run: string): Promise<void> {
  await ask(`${folder(url, run)}?recursive=true`, { method: "DELETE", timeout: 20_000 }).catch(
    () => undefined,
  );
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
