import { type RequestOptions, send } from "../../../providers/http";
import type { Outcome } from "./store";

export interface HttpAnswer {
  status: number;
  body: string;
}

/** Errors of a connection that was never made: nothing was sent over it. */
const neverSent = new Set(["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH"]);

/** Sends a request. @throws the error if there was no answer */
export async function answered(url: string, options: RequestOptions): Promise<HttpAnswer> {
  const answer = await send(url, options);
  if ("error" in answer) throw answer.error;
  return { status: answer.status ?? 0, body: answer.body };
}

/** Whether a request never left. */
export const isUnsent = (error: unknown): boolean =>
  neverSent.has((error as NodeJS.ErrnoException).code ?? "");

/**
 * Sends a write once.
 *
 * @param isAcknowledged says it of an answer; any other answer leaves open what was done
 */
export async function outcomeOf(
  url: string,
  options: RequestOptions,
  isAcknowledged: (answer: HttpAnswer) => boolean,
): Promise<Outcome> {
  try {
    return isAcknowledged(await answered(url, options)) ? "yes" : "unknown";
  } catch (error) {
    return isUnsent(error) ? "no" : "unknown";
  }
}
