import { Agent, request } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { clock } from "../../local/clock";

/*
 * Writes with numbers through the VIP, each sent once, and what is there of them afterwards. The service must have the
 * key-value API of the lab's stand-in (lab/image): POST /kv/DIRECTORY makes a key of its own for each request, in the
 * order in which the store took them, so a write that was carried out twice shows.
 */

/** `yes`: acknowledged; `no`: it certainly did not reach the service; `unknown`: anything else. */
export type Outcome = "yes" | "no" | "unknown";

export interface Write {
  /** From 1. */
  number: number;
  /** Monotonic milliseconds. */
  sent: number;
  answered: number;
  outcome: Outcome;
}

/** What became of the writes. All lists are of numbers of writes. */
export interface WritesFound {
  sent: number;
  acknowledged: number;
  /** Acknowledged, and not there. */
  lost: number[];
  /** There more than once. */
  duplicated: number[];
  /** There, and later than one that was sent after it had been acknowledged. */
  reordered: number[];
}

interface Answer {
  status: number;
  body: string;
}

/** Never reached a service: the connection was refused, or there was none. */
const neverSent = new Set(["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH"]);

function ask(
  url: string,
  options: { method: string; agent: Agent | false; timeout: number; value?: string },
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { method, agent, timeout, value } = options;
    const headers = value === undefined ? {} : { "content-type": "application/x-www-form-urlencoded" };
    const signal = AbortSignal.timeout(timeout);
    // Rancher makes its own certificate, which nobody has signed.
    const asked = request(url, { method, agent, headers, signal, rejectUnauthorized: false }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => {
        body += text;
      });
      response.on("error", reject);
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
    });
    asked.on("error", reject);
    asked.end(value === undefined ? undefined : new URLSearchParams({ value }).toString());
  });
}

const folder = (url: string, run: string): string => `${url}/kv/drill/${encodeURIComponent(run)}`;

/** Whether the service has the API. @throws if it does not answer */
export async function takesWrites(url: string): Promise<boolean> {
  const { body } = await ask(`${url}/kv/`, { method: "GET", agent: false, timeout: 10_000 });
  return body.includes('"action":"get"');
}

/** Milliseconds for one write. */
const patience = 3_000;

/** Writes one number after the other until it is told to stop. */
export class WriteClient {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 1 });
  /** Milliseconds from one write to the next, if the first is answered by then. */
  interval = 100;
  private stopped = false;
  private running: Promise<void> | undefined;

  /**
   * @param url of the service, such as `https://192.168.56.10`
   * @param run a name of its own for this series
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

  /** Ends once the write that is under way has its outcome. */
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
        value: String(number),
      });
      // The store names the key it made; a web server without its store says something else.
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

/** Reads the numbers that the store's answer names, in the order in which it took them. */
export function storedNumbers(body: string): number[] {
  const { node } = JSON.parse(body) as { node?: { nodes?: StoredNode[] } };
  return [...(node?.nodes ?? [])]
    .sort((a, b) => a.createdIndex - b.createdIndex)
    .map(({ value }) => Number(value));
}

/**
 * Reads back a series, in the order in which the store took it. Asks again for up to a minute: the service may just
 * be starting.
 *
 * @throws if the service does not answer
 */
export async function readBack(url: string, run: string): Promise<number[]> {
  const end = clock() + 60_000;
  for (;;) {
    try {
      const { status, body } = await ask(folder(url, run), { method: "GET", agent: false, timeout: 20_000 });
      if (status === 200) return storedNumbers(body);
      // 100: "Key not found". None was ever written.
      if (status === 404 && body.includes('"errorCode":100')) return [];
      throw new Error(`the service answers with status ${status}: ${body.slice(0, 200)}`);
    } catch (error) {
      if (clock() > end)
        throw new Error(`the writes cannot be read back: ${error instanceof Error ? error.message : error}`);
      await sleep(500);
    }
  }
}

/** Removes a series from the store; one that stays is no harm. */
export async function forgetWrites(url: string, run: string): Promise<void> {
  await ask(`${folder(url, run)}?recursive=true`, { method: "DELETE", agent: false, timeout: 20_000 }).catch(
    () => undefined,
  );
}

/** Compares what was sent with what is there. */
export function compareWrites(writes: readonly Write[], stored: readonly number[]): WritesFound {
  const acknowledged = writes.filter(({ outcome }) => outcome === "yes").map(({ number }) => number);
  const there = new Set(stored);
  const first = new Map<number, number>();
  for (const [place, number] of stored.entries()) if (!first.has(number)) first.set(number, place);
  const places = acknowledged.flatMap((number) => {
    const place = first.get(number);
    return place === undefined ? [] : [{ number, place }];
  });
  // One at a time: each was acknowledged before the next one was sent.
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
