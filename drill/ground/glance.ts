import type { Sample } from "../probes/samples";
import type { Look } from "../recording";

/** What a node's recorder told last, or its last words if it does not answer. */
export type Glimpse = Sample | string;

/**
 * What the recorders say of a stack, without a login to its nodes: a look costs an emulated node as much as a second of
 * its service.
 *
 * @returns undefined if the stack may well be healthy, which a look decides
 */
export function glance(seen: ReadonlyMap<string, Glimpse>): Look | undefined {
  const samples = [...seen].flatMap(([name, glimpse]) =>
    typeof glimpse === "string" ? [] : [{ name, ...glimpse }],
  );
  // A node that nobody looks at cannot be judged.
  const blind = [...seen].flatMap(([name, glimpse]) =>
    typeof glimpse === "string" ? [`the recorder of ${name} does not answer ${glimpse}`.trim()] : [],
  );
  const unfit = samples
    .filter(
      ({ vip, container, guard }) =>
        vip !== container || ![vip ? "ACTIVE" : "STANDBY", "STOPPED"].includes(guard),
    )
    .map(
      ({ name, vip, container, guard }) =>
        `${name} has ${vip ? "the VIP" : "no VIP"} and ${container ? "a container" : "no container"}; its guard is in state ${guard}`,
    );
  const holders = samples.filter(({ vip }) => vip).map(({ name }) => name);
  const count = holders.length === 1 ? [] : [`the VIP is on ${holders.join(" and ") || "no node"}`];
  const why = [...count, ...unfit, ...blind];
  if (why.length === 0) return undefined;
  const services = samples.filter(({ container }) => container).map(({ name }) => name);
  return { healthy: false, message: why.join("; "), holders, services };
}
