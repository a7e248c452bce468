import { duration } from "../domain/duration";
import type { NodeReport } from "./node-report";
import { brief, type Standing } from "./standing";

/** Whether an agent does what its node is there for: then what it last said explains nothing. */
const isInPlace = (as: Standing["as"] | undefined, state: string | null | undefined): boolean =>
  (as === "serves" && state === "active") || (as === "standby" && state === "standby");

/**
 * What agents of a stack that is not well say of themselves, by node: those that are not what they should be, and all of them
 * where nobody serves.
 *
 * @param said what the verdict says already, which is left out
 */
export function reasonsOf(
  nodes: readonly NodeReport[],
  standings: readonly Standing[],
  said: string,
): string[] {
  const places = new Map(standings.map(({ name, as }) => [name, as]));
  const isServed = nodes.some(
    ({ name, status }) => places.get(name) === "serves" && status?.agent?.state === "active",
  );
  return nodes.flatMap(({ name, status }) => {
    const { fault, reason, state: word } = status?.agent ?? {};
    const words = fault || (isServed && isInPlace(places.get(name), word) ? "" : reason);
    const since = fault ? status?.agent?.faultSince : status?.agent?.since;
    const lasted = since && since >= brief ? ` (for ${duration(since)})` : "";
    return words && !said.includes(words) ? [`${name}: ${words}${lasted}`] : [];
  });
}
