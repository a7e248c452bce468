import { breakChain, type Chain, endChain, takeoverChain } from "./chain";
import type { ClockReading } from "./clock";
import { type ClockOffset, type ClockStep, offsetOf, stepsOf, timesOf } from "./clock";
import { type JournalEntry, withKept } from "./entry";
import { eventOf, type NodeEvent } from "./event";
import { otherChains, unfitChains, vipChains } from "./rest";
import { type Tenure, TenuresOfNode } from "./tenure";

/** What a node's journal has, in its order, and how its clock was read meanwhile. */
export interface NodeJournal {
  node: string;
  entries: readonly JournalEntry[];
  /** What its file of events has, which outlives the journal; most of it is in the journal, too. */
  kept?: readonly JournalEntry[];
  readings: readonly ClockReading[];
}

/** What is known of a node's clock. */
export interface NodeClock {
  node: string;
  /** Undefined: it was not read, and its times are as it said them. */
  offset?: ClockOffset;
  steps: ClockStep[];
}

export interface History {
  /** Of all nodes, in the order of time. */
  events: NodeEvent[];
  /** In the order of their beginnings. */
  chains: Chain[];
  clocks: NodeClock[];
}

/** A node's events by our clock. */
function eventsOf({ node, entries, readings }: Required<NodeJournal>): NodeEvent[] {
  const times = timesOf(entries, offsetOf(readings));
  let boot = entries[0]?.boot ?? "";
  return entries.flatMap((entry, i) => {
    const at = times[i] as number;
    const isNew = entry.boot !== "" && entry.boot !== boot;
    if (entry.boot) boot = entry.boot;
    const booted: NodeEvent[] = isNew
      ? [{ node, at, source: "agent", kind: "boot", text: "it has booted" }]
      : [];
    const event = eventOf(node, entry);
    return event ? [...booted, { ...event, at }] : booted;
  });
}

/** The tenures of all nodes, in the order of their epochs; and what belongs to none, in the order of time. */
function tenuresOf(nodes: readonly NodeEvent[][]): { tenures: Tenure[]; rest: NodeEvent[] } {
  const followed = nodes.map((events) => {
    const each = new TenuresOfNode();
    for (const event of events) each.add(event);
    each.end();
    return each;
  });
  const at = ({ took, well, leaving, takeover }: Tenure): number =>
    (took?.at ?? well ?? leaving[0]?.at ?? takeover[0]?.at ?? 0) as number;
  return {
    tenures: followed
      .flatMap(({ tenures }) => tenures)
      .sort((one, other) => one.epoch - other.epoch || at(one) - at(other)),
    rest: followed.flatMap(({ rest }) => rest).sort((one, other) => one.at - other.at),
  };
}

/** Milliseconds around a story in which what its nodes' keepalived does, and systemd says, is a part of it. */
const around = 2_000;

function absorb(chains: readonly Chain[], rest: readonly NodeEvent[]): NodeEvent[] {
  const isPart = (event: NodeEvent, { kind, node, from, begin, end, events }: Chain): boolean =>
    kind !== "agent" &&
    (event.node === node || event.node === from) &&
    event.at >= begin - around &&
    event.at <= (end ?? events.at(-1)?.at ?? begin) + around;
  return rest.filter((event) => {
    if (event.kind !== "vrrp" && event.kind !== "unit") return true;
    const owner = chains.find((chain) => isPart(event, chain));
    if (owner) owner.events = [...owner.events, event].sort((one, other) => one.at - other.at);
    return !owner;
  });
}

/**
 * Makes one story of what all nodes' journals say.
 *
 * @param now milliseconds since 1970: what goes on lasts until then
 */
export function historyOf(told: readonly NodeJournal[], now: number): History {
  const journals = told.map(({ node, entries, kept = [], readings }) => ({
    ...{ node, kept, readings },
    entries: withKept(entries, kept),
  }));
  const nodes = journals.map(eventsOf);
  const boots = nodes.flat().filter(({ kind }) => kind === "boot");
  const { tenures, rest } = tenuresOf(nodes);
  const chains = tenures.flatMap((tenure, i) => {
    const before = tenures[i - 1];
    const isLast = i === tenures.length - 1;
    return [
      ...(tenure.took ? [takeoverChain(tenure, before, boots)] : []),
      ...tenure.breaks.map((events) => breakChain(tenure, events)),
      ...(isLast ? endChain(tenure) : []),
    ];
  });
  const left = absorb(chains, rest);
  return {
    events: nodes.flat().sort((one, other) => one.at - other.at),
    chains: [...chains, ...vipChains(left), ...unfitChains(left, now), ...otherChains(left)].sort(
      (one, other) => one.begin - other.begin,
    ),
    clocks: journals.map(({ node, entries, readings }) => {
      const offset = offsetOf(readings);
      return { node, ...(offset ? { offset } : {}), steps: stepsOf(entries) };
    }),
  };
}
