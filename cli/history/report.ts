import type { History, NodeClock } from "../../stack/history";
import type { Chain } from "../../stack/history/chain";
import { noticeable } from "../../stack/history/clock";
import type { NodeEvent } from "../../stack/history/event";

/** What `history --json` prints. Times are ISO 8601 by the clock of this machine, durations as their names say. */
export interface HistoryReport {
  stack: string;
  since: string;
  until: string;
  nodes: {
    name: string;
    /** Why it is not, or not wholly, in here; null: it is. */
    error: string | null;
    /** How far its clock is ahead of this machine's, which its times are corrected by; null: it was not read. */
    clock: { aheadMilliseconds: number; uncertaintyMilliseconds: number } | null;
    /** When it was set, by itself. */
    set: { at: string; byMilliseconds: number }[];
  }[];
  entries: ReportedChain[];
}

interface ReportedChain {
  kind: Chain["kind"];
  begin: string;
  /** Null: it goes on, or nobody knows how it ended. */
  end: string | null;
  node: string;
  from: string | null;
  epoch: number | null;
  why: string;
  /** Seconds since `begin`. */
  phases: Partial<Record<string, number>>;
  /** Of times of one node beside those of another one. */
  uncertaintyMilliseconds: number;
  events: (Omit<NodeEvent, "at"> & { at: string })[];
}

const iso = (time: number): string => new Date(Math.max(-8.64e15, Math.min(8.64e15, time))).toISOString();

/** How certain the order of two nodes' times in a chain is; milliseconds. */
function uncertaintyOf({ node, from }: Chain, clocks: readonly NodeClock[]): number {
  if (from === undefined || from === node) return 0;
  const own = clocks.filter((each) => each.node === node || each.node === from);
  return Math.ceil(own.reduce((sum, { offset }) => sum + (offset?.uncertainty ?? 0), 0));
}

/** @param errors by node: why its journal was not read, or not to its end */
export function historyReport(
  stack: string,
  { chains, clocks }: History,
  { since, until, errors }: { since: number; until: number; errors: ReadonlyMap<string, string> },
): HistoryReport {
  return {
    ...{ stack, since: iso(since), until: iso(until) },
    nodes: clocks.map(({ node, offset, steps }) => ({
      name: node,
      error: errors.get(node) ?? null,
      clock: offset
        ? {
            aheadMilliseconds: Math.round(offset.ahead),
            uncertaintyMilliseconds: Math.ceil(offset.uncertainty),
          }
        : null,
      set: steps.map(({ at, by }) => ({ at: iso(at), byMilliseconds: Math.round(by) })),
    })),
    entries: chains.map((chain) => ({
      ...{ kind: chain.kind, begin: iso(chain.begin), end: chain.end === undefined ? null : iso(chain.end) },
      ...{ node: chain.node, from: chain.from ?? null, epoch: chain.epoch ?? null, why: chain.why },
      phases: Object.fromEntries(
        Object.entries(chain.phases).map(([name, at]) => [name, Math.round(at - chain.begin) / 1000]),
      ),
      uncertaintyMilliseconds: uncertaintyOf(chain, clocks),
      events: chain.events.map(({ at, ...event }) => ({ ...event, at: iso(at) })),
    })),
  };
}

const inSeconds = (milliseconds: number): string => `${(Math.abs(milliseconds) / 1000).toFixed(1)} s`;

/** Milliseconds: a clock that differs by less is right enough, unless nobody knows it better. */
const differs = 100;

/** What is to be known of the nodes' clocks and answers, a sentence each. */
export function clockRemarks({ nodes }: HistoryReport): string[] {
  return nodes.flatMap(({ name, error, clock, set }) => {
    const remarks = error === null ? [] : [`${name} is missing, or a part of it: ${error}`];
    const { aheadMilliseconds: ahead = 0, uncertaintyMilliseconds: unsure = 0 } = clock ?? {};
    if (Math.abs(ahead) > differs + unsure)
      remarks.push(
        `${name}'s clock is ${inSeconds(ahead)} ${ahead > 0 ? "ahead" : "behind"} (uncertain by ${unsure} ms): its times are corrected by that`,
      );
    else if (unsure > noticeable)
      remarks.push(`${name} answered late: its clock may differ from this machine's by ${inSeconds(unsure)}`);
    for (const { at, byMilliseconds: by } of set.slice(-3))
      remarks.push(
        by > 0
          ? `${name}'s clock was set forward by ${inSeconds(by)} at ${at}, or the machine was paused: its times before that may be too early by as much`
          : `${name}'s clock was set back by ${inSeconds(by)} at ${at}: its times before that are corrected`,
      );
    return remarks;
  });
}
