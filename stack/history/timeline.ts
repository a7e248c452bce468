import type { NodeEvent } from "./event";

/** What a node was at. `silent`: it did not answer; `unknown`: nobody has said it. */
export type Activity = "serves" | "starts" | "leaves" | "standby" | "unfit" | "silent" | "unknown";

/** A stretch of time; milliseconds since 1970. */
export interface Stretch {
  from: number;
  until: number;
}

/** A node's stretches, in their order, without gaps between them; and when it had the VIP, as far as keepalived says. */
export interface Lane {
  node: string;
  activities: (Stretch & { activity: Activity })[];
  vip: Stretch[];
}

/** What a node is at now: its agent's word, whether it may have the VIP, and whether it has it. */
export interface Present {
  node: string;
  state?: string;
  isFit?: boolean;
  holdsVip?: boolean;
}

const starting = new Set([
  ...["contending", "waiting", "taking", "mounting", "cloning", "copying"],
  ...["confirming", "launching", "warming"],
]);
const leaving = new Set(["halting", "working", "stopping", "unmounting", "releasing", "killing"]);

/** What an agent's state is to somebody who looks from afar. */
export function activityOf(state: string | undefined, isFit = true): Activity {
  if (state === "active" || state === "adopting") return "serves";
  if (state === "standby" || state === "begin") return isFit ? "standby" : "unfit";
  if (state === "unfit") return "unfit";
  if (state !== undefined && starting.has(state)) return "starts";
  return state !== undefined && leaving.has(state) ? "leaves" : "unknown";
}

/** The VIPs that a node had before its first word of each: those that it had lost then. */
function heldBefore(events: readonly NodeEvent[]): Set<string> {
  const firsts = new Map<string, boolean>();
  for (const { vip, to } of events)
    if (vip !== undefined && !firsts.has(vip)) firsts.set(vip, to === "standby");
  return new Set([...firsts].flatMap(([vip, had]) => (had ? [vip] : [])));
}

/** The moments at which a node was another thing than before. An agent without a lease is active while it has a VIP. */
function changesOf(events: readonly NodeEvent[], now: Present | undefined): [at: number, Activity][] {
  const held = heldBefore(events);
  const ofHeld = (): string => (held.size > 0 ? "active" : "standby");
  const first = events.find(
    ({ kind, from, vip }) => (kind === "state" && from !== undefined) || vip !== undefined,
  );
  const firstFit = events.find(({ kind }) => kind === "fit" || kind === "unfit");
  let isFit = firstFit ? firstFit.kind === "unfit" : now?.isFit !== false;
  let state = first ? (first.vip === undefined ? first.from : ofHeld()) : now?.state;
  // Before an agent's beginning nobody knows anything.
  const changes: [number, Activity][] = [
    [Number.NEGATIVE_INFINITY, state === "begin" ? "unknown" : activityOf(state, isFit)],
  ];
  for (const { kind, to, at, vip } of events) {
    if (kind === "fit" || kind === "unfit") isFit = kind === "fit";
    else if (vip !== undefined) {
      if (to === "active") held.add(vip);
      else held.delete(vip);
      state = ofHeld();
    } else if (kind === "state" && to !== undefined) state = to;
    else if (kind === "boot") state = undefined;
    else continue;
    changes.push([at, activityOf(state, isFit)]);
  }
  return changes;
}

/** An owner that said nothing more has ended at the latest when another one has taken the lease. */
function endOf(node: string, all: readonly NodeEvent[]): number | undefined {
  const last = all.findLast((event) => event.node === node)?.at ?? 0;
  return all.find(
    (event) => event.kind === "takeover" && event.node !== node && event.after === node && event.at > last,
  )?.at;
}

function stretches(changes: readonly [number, Activity][], from: number, until: number): Lane["activities"] {
  const lane: Lane["activities"] = [];
  for (const [i, [at, activity]] of changes.entries()) {
    const begin = Math.max(from, at);
    const end = Math.min(until, changes[i + 1]?.[0] ?? until);
    const last = lane.at(-1);
    if (end <= begin) continue;
    if (last?.activity === activity) last.until = end;
    else lane.push({ from: begin, until: end, activity });
  }
  return lane;
}

/** Puts a stretch of silence over what was there. */
function silenced(lane: Lane["activities"], { from, until }: Stretch): Lane["activities"] {
  if (until <= from) return lane;
  const left = lane.flatMap((each) => [
    ...(each.from < from ? [{ ...each, until: Math.min(each.until, from) }] : []),
    ...(each.until > until ? [{ ...each, from: Math.max(each.from, until) }] : []),
  ]);
  return [...left, { from, until, activity: "silent" as const }].sort((one, other) => one.from - other.from);
}

function vipOf(
  node: string,
  all: readonly NodeEvent[],
  now: Present | undefined,
  from: number,
  until: number,
) {
  const own = all.filter((event) => event.kind === "vrrp" && event.node === node);
  // Whoever has it now and never said when it came had it all the time, unless its agent has seen it come.
  const came = all.find(
    ({ node: by, to, why }) => by === node && to === "contending" && why === "the VIP is here",
  );
  const said = own[0] ? own[0].to === "backup" && own[0].from !== "init" : now?.holdsVip;
  // An agent without a lease says it better: keepalived has other states before its first one.
  const seen = all.find((event) => event.node === node && event.vip !== undefined);
  const hadBefore = seen ? seen.to === "standby" : said;
  let since: number | undefined = hadBefore ? ((own[0] ? undefined : came?.at) ?? from) : undefined;
  const had: Stretch[] = [];
  for (const { to, at } of own) {
    if (to === "master") since ??= at;
    else if (since !== undefined) {
      had.push({ from: since, until: at });
      since = undefined;
    }
  }
  if (since === undefined) return had;
  // One that has it no longer, and did not say so, lost it when another one got it.
  const begin = since;
  const taken = all.find(
    (event) => event.kind === "vrrp" && event.to === "master" && event.node !== node && event.at >= begin,
  );
  return [
    ...had,
    {
      from: begin,
      until: now?.holdsVip === false || now?.state === undefined ? (taken?.at ?? until) : until,
    },
  ];
}

/**
 * Lays out what each node was at.
 *
 * @param all events of all nodes, in the order of time
 * @param present of each node, in the order of the lanes
 * @param silences when nodes were asked and did not answer
 */
export function timelineOf(
  all: readonly NodeEvent[],
  present: readonly Present[],
  silences: readonly (Stretch & { node: string })[],
  { from, until }: Stretch,
): Lane[] {
  return present.map((now) => {
    const { node } = now;
    const changes = changesOf(
      all.filter((event) => event.node === node && event.source === "agent"),
      now,
    );
    const end = endOf(node, all);
    if (end !== undefined && changes.at(-1)?.[1] === "serves") changes.push([end, "unknown"]);
    const own = silences.filter((each) => each.node === node);
    const clipped = own.map((each) => ({
      from: Math.max(from, each.from),
      until: Math.min(until, each.until),
    }));
    return {
      node,
      activities: clipped.reduce(silenced, stretches(changes, from, until)),
      vip: vipOf(node, all, now, from, until)
        .map((each) => ({ from: Math.max(from, each.from), until: Math.min(until, each.until) }))
        .filter((each) => each.until > each.from),
    };
  });
}
