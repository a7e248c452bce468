import type { NodeReport, VipStatus } from "./node-report";
import { shortcomingOf } from "./standing";

/* A stack of floating IPs alone: each moves by itself, and its agents have no lease. */

/** Whether nodes are of such a stack, as far as one of them says. */
export const haveVips = (nodes: readonly NodeReport[]): boolean =>
  nodes.some(({ status }) => (status?.vips?.length ?? 0) > 0);

/** A VIP as all nodes see it. */
export interface SharedVip {
  name: string;
  address: string;
  /** Names of the nodes that have it. */
  holders: string[];
  /** Names of the nodes that have it not, and would take it. */
  able: string[];
  /** Why each other one would not, as far as it says: `NODE: WORDS`. */
  refusals: string[];
}

const ofNode = ({ status }: NodeReport, name: string): VipStatus | undefined =>
  status?.vips?.find((vip) => vip.name === name);

/** Why a node would not take a VIP; undefined if it would. */
function refusal(node: NodeReport, name: string): string | undefined {
  const { why } = (node.status?.holdsVip ? undefined : shortcomingOf(node)) ?? {};
  const vip = ofNode(node, name);
  if (vip?.fit === true && why === undefined) return undefined;
  return (vip?.fit === false && vip.reason) || why || "it does not say how it stands";
}

/** All VIPs that the nodes tell of. */
export function vipsOf(nodes: readonly NodeReport[]): SharedVip[] {
  const known = nodes.flatMap(({ status }) => status?.vips ?? []);
  const names = [...new Set(known.map(({ name }) => name ?? ""))];
  return names.map((name) => {
    const holders = nodes.filter((node) => ofNode(node, name)?.holds);
    const others = nodes.filter((node) => !holders.includes(node));
    return {
      name,
      address: known.find((vip) => vip.name === name)?.address ?? "",
      holders: holders.map((node) => node.name),
      able: others.filter((node) => refusal(node, name) === undefined).map((node) => node.name),
      refusals: others.flatMap((node) => {
        const words = refusal(node, name);
        return words === undefined ? [] : [`${node.name}: ${words}`];
      }),
    };
  });
}
