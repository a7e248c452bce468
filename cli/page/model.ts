import type { History } from "../../stack/history";
import type { Chain } from "../../stack/history/chain";
import { activityOf, type Lane, timelineOf } from "../../stack/history/timeline";
import { agentRuns, type NodeReport } from "../../stack/node-report";
import type { Standing } from "../../stack/standing";
import type { StatusReport } from "../ui/status-table";

/*
 * What the page gets: one object, made of what is measured and of the history. The page itself knows nothing of agents; it shows
 * words.
 */

/** Green: all is well. Yellow: it serves, and something is to be done. Red: anything else. */
export type Tone = "good" | "warn" | "bad";

/** `holds`: it has the VIP, and does not serve. `none`: it is no standby. */
export type Place = "serves" | "starts" | "leaves" | "holds" | "standby" | "none";

export interface PageNode {
  name: string;
  address: string;
  /** Undefined: it answers. */
  error?: string;
  holdsVip: boolean;
  vrrp: string;
  agent: string;
  epoch?: number;
  /** `here`, `of NAME`, or `-`. This, `container` and `mounted` are undefined where there is no service with a lease. */
  lease?: string;
  /** Whether it has the lease and its heartbeats are confirmed, or hears those of who has it. */
  beats: boolean;
  /** The number of the last heartbeat that was seen there. */
  heartbeat?: number;
  container?: string;
  mounted?: string;
  /** Seconds since its boot. */
  uptime?: number;
  isInMaintenance: boolean;
  /** What it is there for now: since when (milliseconds since 1970), and if it would not take over, why and what mends that. */
  place: { as: Place; since?: number; why?: string; mend?: string };
}

/** An entry of the history. */
export type PageChain = Pick<Chain, "kind" | "begin" | "node" | "why" | "phases"> &
  Partial<Pick<Chain, "end" | "from" | "epoch">>;

/** A question to the service through the VIP: when (milliseconds since 1970), and how long the answer took; null: none came. */
export type Sample = [at: number, milliseconds: number | null];

export interface PageModel {
  /** Milliseconds since 1970. */
  at: number;
  stack: string;
  vip: string;
  url: string;
  state: string;
  tone: Tone;
  message: string;
  remarks: string[];
  /** The reason of an order to all nodes; undefined: there is none. */
  paused?: string;
  stopped?: string;
  holders: string[];
  nodes: PageNode[];
  /** The last hour. */
  timeline: { from: number; until: number; lanes: Lane[]; chains: PageChain[]; remarks: string[] };
}

const hour = 3_600_000;

const toneOf = (state: string): Tone =>
  state === "healthy"
    ? "good"
    : ["no-standby", "paused", "stopped", "node-unreachable"].includes(state)
      ? "warn"
      : "bad";

/** Since when a node is fit, or is not: the last of its own words that changed it; undefined: longer than is known. */
function fitSince(node: string, { events }: History, isFit: boolean): number | undefined {
  const own = events.filter((event) => event.node === node && event.source === "agent");
  const turned = own.findLastIndex(
    ({ kind, from }) => kind === (isFit ? "unfit" : "fit") || from === "begin",
  );
  return own
    .slice(turned)
    .find(({ kind, from }) => kind === (isFit ? "fit" : "unfit") || (isFit && from === "begin"))?.at;
}

/** What an agent is at goes before what its node stands there for. */
function placeOf({ as }: Standing, state: string | null | undefined): Place {
  const activity = activityOf(state ?? undefined);
  if (activity === "starts" || activity === "leaves") return activity;
  return as === "serves" && activity !== "serves" ? "holds" : as;
}

function placed(standing: Standing, report: NodeReport, history: History, now: number): PageNode["place"] {
  const { since, state } = report.status?.agent ?? {};
  const as = placeOf(standing, state);
  const turned =
    as === "standby" || as === "none" ? fitSince(standing.name, history, as === "standby") : undefined;
  const inState = as !== "none" && typeof since === "number" ? now - since * 1_000 : undefined;
  const when = turned ?? inState;
  return {
    as,
    ...(when === undefined ? {} : { since: when }),
    ...(as === "none" && standing.as === "none" ? { why: standing.why, mend: standing.mend } : {}),
  };
}

function pageNode(report: NodeReport, place: PageNode["place"]): PageNode {
  const { name, address, status, error } = report;
  const { agent, lease, container, mounts } = status ?? {};
  const mounted = [mounts?.lease && "lease", mounts?.data && "data"].filter(Boolean).join(" + ");
  const words = agentRuns(report) ? (agent?.state ?? "?") : "not running";
  const owned = {
    lease: lease?.heldHere ? "here" : lease?.owner ? `of ${lease.owner}` : "-",
    container: container?.state ?? "-",
    mounted: mounted || "-",
  };
  return {
    ...{ name, address, place },
    ...(status ? {} : { error: error?.split("\n")[0] ?? "no answer" }),
    holdsVip: status?.holdsVip === true,
    vrrp: status?.vrrpState ?? "?",
    agent: status ? words : "?",
    ...(agent?.epoch ? { epoch: agent.epoch } : {}),
    ...(status?.vips?.length ? {} : owned),
    beats: Boolean(status && (lease?.heldHere || lease?.owner) && !lease?.error),
    ...(typeof lease?.record?.sequence === "number" ? { heartbeat: lease.record.sequence } : {}),
    ...(typeof status?.uptime === "number" ? { uptime: status.uptime } : {}),
    isInMaintenance: status?.keepalived?.maintenance === true,
  };
}

/** The word of an order that is given to all nodes. */
const ordered = (nodes: readonly NodeReport[], what: "paused" | "stopped"): string | undefined =>
  nodes.flatMap(({ status }) => status?.orders?.[what] ?? [])[0];

/**
 * @param silences when nodes were asked and did not answer; milliseconds since 1970
 * @param remarks on journals that could not be read, and clocks
 * @param begun milliseconds since 1970: there was nothing before; default: longer ago than is shown
 * @param now milliseconds since 1970
 */
export function pageModel(
  report: StatusReport,
  history: History,
  {
    silences,
    remarks,
    begun = 0,
  }: { silences: Parameters<typeof timelineOf>[2]; remarks: string[]; begun?: number },
  now: number,
): PageModel {
  const { stack, vip, url, state, message, nodes, standings, holders } = report;
  const [paused, stopped] = [ordered(nodes, "paused"), ordered(nodes, "stopped")];
  const span = { from: Math.max(now - hour, begun), until: now };
  const present = nodes.map(({ name, status }) => ({
    node: name,
    ...(status?.agent?.state ? { state: status.agent.state } : {}),
    ...(status?.fit === false || status?.agent?.fault ? { isFit: false } : {}),
    ...(status ? { holdsVip: status.holdsVip === true } : {}),
  }));
  return {
    ...{ at: now, stack, vip, url, state, tone: toneOf(state), message, holders },
    remarks: [...report.reasons, ...report.remarks],
    ...(paused ? { paused } : {}),
    ...(stopped ? { stopped } : {}),
    nodes: nodes.map((node) => {
      const standing = standings.find(({ name }) => name === node.name);
      const unknown = { as: "none", why: node.error?.split("\n")[0] ?? "nothing is known yet" } as const;
      return pageNode(node, standing ? placed(standing, node, history, now) : unknown);
    }),
    timeline: {
      ...span,
      lanes: timelineOf(history.events, present, silences, span),
      chains: history.chains
        .filter(({ kind, begin, end }) => kind !== "event" && (end ?? now) >= span.from && begin <= now)
        .map(({ events: _, ...chain }) => chain)
        .slice(-50),
      remarks,
    },
  };
}
