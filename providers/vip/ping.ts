import { setTimeout as sleep } from "node:timers/promises";
import { isWanted, type Page } from "../../domain/page";
import { get } from "../http";

/** Whether the service answered, and if not, how it failed. */
export interface Answer {
  ok: boolean;
  /** Ends a sentence that begins with the URL: "refuses connections". */
  why: string;
}

const reasons: Record<string, string> = {
  ECONNREFUSED: "refuses connections: nothing listens there yet",
  ECONNRESET: "breaks connections off",
  EHOSTUNREACH: "has no machine behind its address",
  ENETUNREACH: "is in a network that this machine is not in",
  ETIMEDOUT: "does not answer",
};

/**
 * Asks a service once whether it answers.
 *
 * @param url such as `https://VIP`
 * @param page what it answers there
 * @param timeout milliseconds
 */
export async function ping(url: string, page: Page, timeout: number): Promise<Answer> {
  const found = await get(`${url}${page.path}`, timeout);
  if ("error" in found) {
    const { error, late } = found;
    const why = late
      ? `does not answer within ${timeout / 1000} s`
      : (reasons[error.code ?? ""] ?? `fails: ${error.message}`);
    return { ok: false, why };
  }
  const { status, body } = found;
  const ok = isWanted(page, status, body);
  return { ok, why: ok ? "answers" : `answers with status ${status} and ${JSON.stringify(body)}` };
}

/** Milliseconds between two requests, and for one answer. */
const interval = 500;
const patience = 2_000;

/**
 * Waits until a service answers.
 *
 * @param url such as `https://VIP`
 * @param page what it answers there
 * @param deadline milliseconds in all
 * @param say gets the reason why it does not answer, each time the reason changes
 * @returns milliseconds that it took
 * @throws if it does not answer in time, with the last reason
 */
export async function waitForPing(
  url: string,
  page: Page,
  deadline: number,
  say?: (line: string) => void,
): Promise<number> {
  const place = `${url}${page.path}`;
  const started = performance.now();
  const passed = (): number => performance.now() - started;
  let last = "";
  for (;;) {
    const { ok, why } = await ping(
      url,
      page,
      Math.ceil(Math.min(patience, Math.max(1, deadline - passed()))),
    );
    if (ok) return passed();
    // The last request has less time than the others, so its "no answer" says less than the reason before it.
    if (!last || passed() < deadline) {
      if (why !== last) say?.(`${place} ${why}`);
      last = why;
    }
    if (passed() + interval >= deadline) break;
    await sleep(interval);
  }
  const wanted = page.body === undefined ? "" : ` "${page.body}"`;
  throw new Error(`${place} did not answer${wanted} within ${deadline / 1000} s; at last it ${last}`);
}
