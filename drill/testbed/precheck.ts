import type { Sample } from "../probes/samples";
import type { Health } from "../recording";

/** The last sample of a node, or the last error of its recorder if that does not answer. */
export type Latest = Sample | string;

/** Why a node cannot be part of a healthy stack; undefined if it can. */
function faultOf(name: string, latest: Latest): string | undefined {
  // A node without samples cannot be judged.
  if (typeof latest === "string") return `the recorder of ${name} does not answer ${latest}`.trim();
  const { vip, container, agent = "" } = latest;
  if (vip === container && [vip ? "active" : "standby", "stopped"].includes(agent)) return undefined;
  return `${name} has ${vip ? "the VIP" : "no VIP"} and ${container ? "a container" : "no container"}; its agent is ${agent}`;
}

/**
 * What the recorders say about the stack's health. It needs no login to the nodes: a full check costs an emulated node
 * a second of its service.
 *
 * @param before what a full check has found a moment ago: another holder is news
 * @returns undefined if the stack may be healthy, which only a full check decides
 */
export function precheck(seen: ReadonlyMap<string, Latest>, before?: Health): Health | undefined {
  const namesOf = (isSo: (sample: Sample) => boolean): string[] =>
    [...seen].flatMap(([name, latest]) => (typeof latest !== "string" && isSo(latest) ? [name] : []));
  const holders = namesOf(({ vip }) => vip);
  const why = [
    ...(holders.length === 1 ? [] : [`the VIP is on ${holders.join(" and ") || "no node"}`]),
    ...[...seen].flatMap(([name, latest]) => faultOf(name, latest) ?? []),
    ...(before?.healthy && holders.join() !== before.holders.join() ? ["the VIP has just moved"] : []),
  ];
  if (why.length === 0) return undefined;
  return {
    healthy: false,
    message: why.join("; "),
    holders,
    services: namesOf(({ container }) => container),
  };
}
