import { setTimeout as sleep } from "node:timers/promises";
import { Failure } from "../local/errors";
import type { Told } from "./agents";
import type { NodeReport } from "./node-report";

/** Characters of a reason that an agent keeps. */
const longest = 300;

/** Checks a reason that will be shown to everybody who looks. @throws Failure with code 2 */
export function checkedReason(reason: string): string {
  const trimmed = reason.trim();
  if (!/^[\p{L}\p{N}"'(]/u.test(trimmed))
    throw new Failure(
      "a reason is needed, which begins with a letter or a digit: `status` shows it to all",
      2,
    );
  if (/[\p{Cc}\u2028\u2029]/u.test(trimmed) || trimmed.length > longest)
    throw new Failure(`a reason is one line of at most ${longest} characters`, 2);
  return trimmed;
}

const named = (names: readonly string[]): string => names.join(" and ");

/**
 * Says what became of an order. Nodes that were not told are named: they do as before.
 *
 * @param again the command that gives the order again
 * @throws Failure if a node was not told
 */
export function mustBeTold(told: readonly Told[], say: (line: string) => void, again: string): void {
  for (const { name, words, error } of told) if (!error && words) say(`${name}: ${words}`);
  const failed = told.filter(({ error }) => error);
  if (failed.length === 0) return;
  const rest = told.filter(({ error }) => !error).map(({ name }) => name);
  throw new Failure(
    [
      ...failed.map(({ name, error }) => `${name} was not told: ${error?.split("\n")[0]}`),
      rest.length ? `${named(rest)} ${rest.length > 1 ? "were" : "was"} told` : "no node was told",
      `\`${again}\` can be repeated`,
    ].join("; "),
  );
}

/** Whether the service may run on a node, or its data may be in use there, by the node's own report. */
export const isDown = ({ status }: NodeReport): boolean =>
  status !== undefined &&
  status.lease?.heldHere !== true &&
  status.container?.state !== "running" &&
  status.container?.live !== true &&
  !status.vips?.some(({ holds }) => holds) &&
  status.mounts?.data !== true;

/** What is known of nodes on which the service is not down yet. */
const shown = (reports: readonly NodeReport[]): string =>
  reports
    .map(({ name, status, error }) =>
      status
        ? `${name} is ${status.agent?.state ?? "?"}${status.agent?.reason ? ` (${status.agent.reason})` : ""}`
        : `${name} does not answer (${error?.split("\n")[0] ?? "no reason"})`,
    )
    .join("; ");

/** How a wait is shown, and how long it may take; milliseconds. */
export interface Waiting {
  look: () => Promise<NodeReport[]>;
  say: (line: string) => void;
  limit: number;
  pause?: number;
}

/**
 * Waits until all nodes are as wanted, and says what each one is at meanwhile.
 *
 * @param otherwise what is so if they do not become so in time
 * @throws Failure
 */
export async function untilAll(
  isSo: (report: NodeReport) => boolean,
  otherwise: string,
  { look, say, limit, pause = 1_000 }: Waiting,
): Promise<void> {
  const end = performance.now() + limit;
  let before = "";
  for (;;) {
    const left = (await look()).filter((report) => !isSo(report));
    if (left.length === 0) return;
    const now = shown(left);
    if (now !== before) say(now);
    before = now;
    if (performance.now() > end) throw new Failure(`${otherwise}: ${now}`);
    await sleep(pause);
  }
}

/** The order in which nodes are told to stop: first those that could take over, then who has the lease. */
export function stopOrder(reports: readonly NodeReport[]): [string[], string[]] {
  const owners = reports.filter(
    ({ status }) =>
      status?.lease?.heldHere === true ||
      status?.container?.state === "running" ||
      status?.vips?.some(({ holds }) => holds) === true,
  );
  const others = reports.filter((report) => !owners.includes(report));
  return [others.map(({ name }) => name), owners.map(({ name }) => name)];
}
