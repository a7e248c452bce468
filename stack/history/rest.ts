import type { Chain } from "./chain";
import type { NodeEvent } from "./event";

/** Milliseconds: what is closer together than this is one story; a time unfit that is shorter is none. */
const together = 30_000;
const brief = 5_000;

/** The VIP's moves without the service: keepalived's, waits for a lease that did not come, and what was given back. */
const isVip = ({ kind, to, from }: NodeEvent): boolean =>
  kind === "vrrp" ||
  kind === "vip" ||
  (kind === "state" &&
    (to === "contending" || to === "waiting" || from === "contending" || from === "waiting"));

const single = (kind: Chain["kind"], events: NodeEvent[], why: string): Chain => ({
  ...{ kind, begin: (events[0] as NodeEvent).at, end: (events.at(-1) as NodeEvent).at },
  ...{ node: (events[0] as NodeEvent).node, why, phases: {}, events },
});

/** Groups what is close together, of all nodes. */
export function vipChains(events: readonly NodeEvent[]): Chain[] {
  const groups: NodeEvent[][] = [];
  for (const event of events.filter(isVip)) {
    const last = groups.at(-1);
    const before = last?.at(-1);
    if (last && before && event.at - before.at < together) last.push(event);
    else groups.push([event]);
  }
  return groups.map((group) => {
    const masters = group.filter(({ kind, to }) => kind === "vrrp" && to === "master");
    const said = group.findLast(({ kind }) => kind === "vip") ?? group.findLast(({ why }) => why);
    const way = masters.map(({ node }) => node).join(" -> ");
    const words = said?.kind === "vip" ? said.text : said?.why;
    const text = way
      ? `the VIP went to ${way}${words ? `: ${words}` : ""}`
      : (words ?? (group[0] as NodeEvent).text);
    return { ...single("vip", group, text), node: masters.at(-1)?.node ?? (group[0] as NodeEvent).node };
  });
}

/** A node that has handed over refuses the VIP for a while: that is a part of it. */
const isOrdered = /^told to hand over\b/;

/** The times in which a node said that it could not take over; the last reason is shown. */
export function unfitChains(events: readonly NodeEvent[], now: number): Chain[] {
  const open = new Map<string, NodeEvent[]>();
  const chains: Chain[] = [];
  const close = (node: string, end: number | undefined): void => {
    const said = open.get(node);
    open.delete(node);
    const first = said?.[0];
    if (!said || !first || (end ?? now) - first.at < brief) return;
    const { text } = said.findLast(({ kind }) => kind === "unfit") as NodeEvent;
    if (isOrdered.test(text)) return;
    const { end: _, ...chain } = single("unfit", said, text);
    chains.push(end === undefined ? chain : { ...chain, end });
  };
  for (const event of events) {
    if (event.kind === "unfit") open.set(event.node, [...(open.get(event.node) ?? []), event]);
    else if (event.kind === "fit") {
      open.get(event.node)?.push(event);
      close(event.node, event.at);
    } else if (event.kind === "boot" || (event.kind === "state" && event.from === "begin"))
      close(event.node, event.at);
  }
  for (const node of open.keys()) close(node, undefined);
  return chains;
}

/** What explains nothing by itself: it is told where it belongs to something. */
const isQuiet = ({ kind, from, text }: NodeEvent): boolean =>
  kind === "fit" ||
  kind === "unfit" ||
  kind === "well" ||
  (kind === "state" && from !== "begin") ||
  /^(Started|Stopping) /.test(text);

/** Everything else: an entry each, the same words of a node only once in a while. */
export function otherChains(events: readonly NodeEvent[]): Chain[] {
  const chains = new Map<string, Chain>();
  const told: Chain[] = [];
  for (const event of events) {
    if (isVip(event) || isQuiet(event)) continue;
    const key = `${event.node} ${event.kind} ${event.text}`;
    const known = chains.get(key);
    if (known && event.at - (known.end ?? known.begin) < 120 * together) {
      known.events.push(event);
      known.end = event.at;
    } else {
      const text = event.kind === "state" ? `its agent was started: ${event.why}` : event.text;
      const chain = single(
        "event",
        [event],
        event.kind === "state" || event.kind === "boot" ? text : `${event.kind}: ${text}`,
      );
      chains.set(key, chain);
      told.push(chain);
    }
  }
  return told;
}
