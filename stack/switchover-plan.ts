import { didYouMean } from "../domain/closest";
import { callOf } from "../local/called";
import { Failure } from "../local/errors";
import type { NodeReport } from "./node-report";
import { shortcomingOf, shownShortcoming } from "./standing";
import { holdersOf } from "./verdict";
import { haveVips } from "./vips";

/** The nodes that must refuse the VIP so that it moves. */
export interface SwitchoverPlan {
  holder: string;
  /** Undefined if keepalived chooses the node. */
  target: string | undefined;
  /** In this order; the holder is the last. */
  yielding: string[];
}

/** Why a node cannot take the VIP; undefined if it can. */
export function whyNotReady(node: NodeReport): string | undefined {
  const { name, status } = node;
  if (status?.vrrpState === "BACKUP" && !status.keepalived?.maintenance && !status.vips) return undefined;
  const found = shortcomingOf(node);
  if (!found && status?.vips) return undefined;
  if (found) return shownShortcoming(name, found);
  return `${name} is in VRRP state ${status?.vrrpState ?? "unknown"}, not BACKUP`;
}

/** The one holder. */
function onlyHolder(nodes: NodeReport[]): NodeReport {
  const [holder, ...others] = holdersOf(nodes);
  if (holder && others.length === 0) return holder;
  const found = holder ? `${[holder, ...others].map(({ name }) => name).join(" and ")} have` : "no node has";
  throw new Failure(`${found} the VIP, and this needs exactly one holder: look with \`${callOf("status")}\``);
}

/** Several nodes have VIPs: all of these go to one node. */
function planGathering(nodes: NodeReport[], wanted: NodeReport | undefined): SwitchoverPlan {
  const holders = holdersOf(nodes).map(({ name }) => name);
  if (!wanted)
    throw new Failure(
      `${holders.join(" and ")} have VIPs: name the node that is to have all of them, as in \`${callOf("switchover", holders[0] ?? "")}\``,
      2,
    );
  const why = whyNotReady(wanted);
  if (why) throw new Failure(why);
  const others = nodes.filter((node) => node !== wanted).map(({ name }) => name);
  const idle = others.filter((name) => !holders.includes(name));
  const giving = others.filter((name) => holders.includes(name));
  return { holder: giving.join(" and "), target: wanted.name, yielding: [...idle, ...giving] };
}

/** A node by its name. */
export function nodeNamed(nodes: NodeReport[], name: string): NodeReport {
  const found = nodes.find((node) => node.name === name);
  if (found) return found;
  const names = nodes.map((node) => node.name);
  throw new Failure(
    `${JSON.stringify(name)} is no node; the nodes are ${names.join(", ")}${didYouMean(name, names)}`,
    2,
  );
}

/**
 * Plans a switchover to a node, or to the one that keepalived chooses.
 *
 * @returns undefined if the node has the VIP already
 * @throws Failure with the reason if no node can take the VIP
 */
export function planSwitchover(nodes: NodeReport[], target?: string): SwitchoverPlan | undefined {
  const wanted = target === undefined ? undefined : nodeNamed(nodes, target);
  if (haveVips(nodes) && holdersOf(nodes).length > 1) return planGathering(nodes, wanted);
  const holder = onlyHolder(nodes);
  if (wanted === holder) return undefined;
  const others = nodes.filter((node) => node !== holder);
  const ready = others.filter((node) => whyNotReady(node) === undefined);
  if (wanted && !ready.includes(wanted)) throw new Failure(whyNotReady(wanted) ?? "");
  if (ready.length === 0)
    throw new Failure(`no other node can take the VIP: ${others.map(whyNotReady).join("; ")}`);
  // keepalived would choose the most preferred node, so all others than the wanted one must refuse the VIP first.
  const inTheWay = wanted ? ready.filter((node) => node !== wanted) : [];
  return {
    holder: holder.name,
    target: wanted?.name,
    yielding: [...inTheWay, holder].map(({ name }) => name),
  };
}
