import type { NodeEvent } from "./event";
import type { Tenure } from "./tenure";

/** What a chain of events was. */
export type ChainKind =
  /** The service starts where nobody had the lease, or on order. */
  | "start"
  /** Planned: an operator's order moved the service. */
  | "switchover"
  | "failover"
  /** Somebody got the lease, and the service never was well there. */
  | "failed start"
  /** The service was not well, and is again on the same node. */
  | "restart"
  /** The owner left, and nobody has taken over, as far as is known. */
  | "end"
  /** Another agent has taken over a service that ran on. */
  | "agent"
  /** The VIP moved, and the service did not. */
  | "vip"
  /** A standby could not take over for a while. */
  | "unfit"
  /** Anything else. */
  | "event";

/** The steps of a takeover, in their order. */
export const phaseNames = ["seen", "vip", "lease", "mounted", "started", "well"] as const;
export type PhaseName = (typeof phaseNames)[number];

/** One story: what belongs together, with why it came to it. Times are milliseconds since 1970. */
export interface Chain {
  kind: ChainKind;
  begin: number;
  /** Undefined: it goes on, or nobody knows how it ended. */
  end?: number;
  /** Where the service is afterwards, or which node it is about. */
  node: string;
  /** Where it was before. */
  from?: string;
  epoch?: number;
  why: string;
  /** When each step of a takeover was done, as far as it was. */
  phases: Partial<Record<PhaseName, number>>;
  events: NodeEvent[];
}

/** When the steps of a takeover were done. */
function phasesOf({ prelude, takeover, took, well }: Tenure, seen: number | undefined) {
  const stateTo = (from: string, wrong: readonly string[] = []): number | undefined =>
    takeover.find(
      ({ kind, from: left, to }) => kind === "state" && left === from && !wrong.includes(to ?? ""),
    )?.at;
  const ends = ["stopping", "killing", "releasing", "unmounting"];
  const vip =
    prelude.findLast(({ kind, to }) => kind === "vrrp" && to === "master") ??
    prelude.find(({ to }) => to === "contending");
  const found: Record<PhaseName, number | undefined> = {
    seen: seen ?? prelude[0]?.at,
    vip: vip?.at,
    lease: took?.at,
    mounted: stateTo("mounting", ends),
    started: stateTo("launching", [...ends, "confirming"]),
    well,
  };
  return Object.fromEntries(
    phaseNames.flatMap((name) => (found[name] === undefined ? [] : [[name, found[name]]])),
  );
}

/** What an order of an operator begins with, in the agent's words. */
const planned = /^(told to hand over|told to end|banned|the service is stopped)\b/;
const stopped = /^the service is stopped\b/;

/** Why an owner left, in its own words; undefined: it did not say. */
function reasonOf({ leaving, takeover, well }: Tenure): string | undefined {
  const told = well === undefined ? takeover : leaving;
  const grave = told.find(({ kind }) => ["reset", "give-up", "kill"].includes(kind));
  const left = told.find(
    ({ kind, to }) =>
      kind === "state" && ["stopping", "killing", "releasing", "unmounting"].includes(to ?? ""),
  );
  return (left?.why && planned.test(left.why) ? left.why : (grave?.text ?? left?.why)) || undefined;
}

/** What became of an owner that said nothing. */
function silenceOf(
  node: string,
  took: NodeEvent | undefined,
  last: number,
  boots: readonly NodeEvent[],
): string {
  // That it was silent for long enough is said already.
  const words = took?.why && !/silent for long enough$/.test(took.why) ? `: ${took.why}` : "";
  const booted = boots.some((event) => event.node === node && event.at > last);
  return `${node} was silent${booted ? ", and has booted since" : ""}${words}`;
}

/**
 * How a node came to have the lease, and how that went.
 *
 * @param boots of all nodes
 */
export function takeoverChain(
  tenure: Tenure,
  before: Tenure | undefined,
  boots: readonly NodeEvent[],
): Chain {
  const { node, epoch, prelude, takeover, took, well, ended } = tenure;
  const from = before?.node ?? (took?.kind === "again" ? node : took?.after);
  const cause = before?.well === undefined ? [] : before.leaving;
  const reason = before && reasonOf(before);
  const events = [...cause, ...prelude, ...takeover].sort((one, other) => one.at - other.at);
  const seen = events[0]?.at ?? 0;
  const kind = kindOf(tenure, from, reason);
  const why =
    reason ?? (from === undefined ? "nobody had the lease" : silenceOf(from, took, before?.well ?? 0, boots));
  const failed = well === undefined && ended;
  const failure = failed ? reasonOf(tenure) : undefined;
  const end = well ?? (failed ? events.at(-1)?.at : undefined);
  return {
    kind: failed ? "failed start" : kind,
    ...{ begin: seen, node, epoch, why: failure ? `${failure} (it took over since ${why})` : why },
    ...(end === undefined ? {} : { end }),
    ...(from === undefined ? {} : { from }),
    ...{ phases: phasesOf(tenure, seen), events },
  };
}

function kindOf({ node, took }: Tenure, from: string | undefined, reason: string | undefined): ChainKind {
  if (reason && stopped.test(reason)) return "start";
  if (from === undefined) return "start";
  if (from === node || took?.kind === "again") return "restart";
  return reason && planned.test(reason) ? "switchover" : "failover";
}

/** The owner left, and nobody has the lease yet. */
export function endChain(tenure: Tenure): Chain[] {
  const { node, epoch, leaving, ended } = tenure;
  const [first] = leaving;
  if (!ended || !first) return [];
  const end = leaving.at(-1)?.at ?? first.at;
  return [
    {
      ...{ kind: "end", begin: first.at, end, node, epoch, why: reasonOf(tenure) ?? first.text },
      ...{ phases: {}, events: leaving },
    },
  ];
}

/** A time in which the service was not well, or its agent was another one. */
export function breakChain({ node, epoch }: Tenure, events: NodeEvent[]): Chain {
  const [first] = events as [NodeEvent];
  const failure = events.find(({ kind }) => kind === "failure");
  const adopted = events.find(({ to }) => to === "adopting");
  const left = events.find(({ kind }) => kind === "state");
  return {
    ...{
      kind: adopted && !failure ? "agent" : "restart",
      begin: first.at,
      end: events.at(-1)?.at,
      node,
      epoch,
    },
    why:
      (adopted && !failure ? first.text.replace(/^Begin -> Adopting: /, "") : (failure?.text ?? left?.why)) ??
      first.text,
    ...{ phases: {}, events },
  } as Chain;
}
