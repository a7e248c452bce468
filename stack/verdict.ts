import { callOf } from "../local/called";
import { orderedReason } from "./agent-findings";
import { findingsOf } from "./findings";
import { agentRuns, type NodeReport, notSetUp } from "./node-report";
import { reasonsOf } from "./reasons";
import { type Standing, shownShortcoming, standingsOf } from "./standing";
import { haveVips } from "./vips";
import { judgeVips } from "./vips-verdict";

/** The state of the whole stack. Only `healthy` is good. */
export type State =
  | "healthy"
  /** It serves, and nobody would take over. */
  | "no-standby"
  | "no-holder"
  | "two-holders"
  | "two-services"
  | "stale-vip"
  | "unfit-node"
  | "deaf-node"
  | "unprotected"
  | "mismatch"
  | "stopped"
  | "paused"
  | "no-service"
  | "node-unreachable"
  | "lab-stopped"
  | "not-up";

export interface Verdict {
  state: State;
  /** One line for people. */
  message: string;
  /** Further remarks, one sentence each. */
  remarks: string[];
  /** Of each node: whether it serves, would take over, or why it would not, with what mends that. */
  standings: Standing[];
  /** What agents say of themselves, `NODE: WORDS`, where that explains something. */
  reasons: string[];
}

/** Whether the service answered through the VIP. */
export interface PingReport {
  ok: boolean;
  milliseconds?: number;
  error?: string;
}

const names = (nodes: NodeReport[]): string => nodes.map(({ name }) => name).join(" and ");

export const holdersOf = (nodes: NodeReport[]): NodeReport[] =>
  nodes.filter(({ status }) => status?.holdsVip);
const running = (nodes: NodeReport[]): NodeReport[] =>
  nodes.filter(({ status }) => status?.container?.state === "running");

/** Why the VIP's holder does not serve, from its own report; the nearest cause comes first. */
function whyNoService(node: NodeReport, ping: PingReport): string {
  const { name, status } = node;
  const { agent, lease } = status ?? {};
  if (!agentRuns(node)) return `no agent runs on ${name}${agent?.fault ? ` (${agent.fault})` : ""}`;
  const words = agent?.fault ?? agent?.reason;
  const reason = words ? ` (${words})` : "";
  if (!lease?.heldHere) {
    const owner = lease?.owner && lease.owner !== name ? `, which ${lease.owner} had last` : "";
    return `${name} does not have the lease${owner}; its agent is ${agent?.state}${reason}`;
  }
  const container = status?.container?.state ?? "missing";
  if (container !== "running")
    return `the container on ${name} is ${container}; its agent is ${agent?.state}${reason}`;
  return `the container on ${name} runs, and the VIP ${ping.error ?? "does not answer"}`;
}

/** The states in which somebody has the VIP and serves, and nothing is doubled. */
const serves: readonly State[] = ["healthy", "no-standby", "node-unreachable"];

type Judgement = Pick<Verdict, "state" | "message">;

/** `, since 17:23:40 (12 s)`, if it is known. The time is that at which the last of them became master. */
function sinceWhen(holders: NodeReport[], now: Date): string {
  const seconds = holders.flatMap(({ status }) => {
    const since = status?.keepalived?.since;
    return status?.vrrpState === "MASTER" && typeof since === "number" ? [since] : [];
  });
  if (seconds.length === 0) return "";
  const least = Math.min(...seconds);
  const time = new Date(now.getTime() - least * 1000).toTimeString().slice(0, 8);
  return `, since ${time} (${least} s)`;
}

/** Judges the measured values. If there are several problems, the worst one is the verdict. */
export function judge(nodes: NodeReport[], ping: PingReport, now = new Date()): Verdict {
  const judged = judgeAll(nodes, ping, now);
  const { state, message, remarks, standings } = judged;
  const said = [message, ...remarks].join("\n");
  return { ...judged, reasons: state === "healthy" ? [] : reasonsOf(nodes, standings, said) };
}

function judgeAll(nodes: NodeReport[], ping: PingReport, now: Date): Omit<Verdict, "reasons"> {
  const { stale, unfit, deaf, unprotected, mismatch, notes } = findingsOf(nodes);
  const standings = standingsOf(nodes);
  const faults = [...stale, ...unfit, ...deaf, ...unprotected, ...mismatch];
  const judged = haveVips(nodes)
    ? judgeVips(nodes, ping)
    : judgeStandby(standings, judgeHolders(nodes, ping, stale, now));
  const verdict = judgeOrders(nodes, judged);
  if (verdict.state !== "healthy" || faults.length === 0) {
    // The message may say the same as a remark: such a remark is left out.
    const remarks = [...faults, ...notes].filter((each) => !verdict.message.includes(each));
    return { ...verdict, remarks, standings };
  }
  const [message = "", ...rest] = faults;
  const state = unfit.length
    ? "unfit-node"
    : deaf.length
      ? "deaf-node"
      : unprotected.length
        ? "unprotected"
        : "mismatch";
  return { state, message, remarks: [...rest, ...notes], standings };
}

/** A stack that serves may have nobody who would take over. */
function judgeStandby(standings: readonly Standing[], verdict: Judgement): Judgement {
  if (!["healthy", "node-unreachable"].includes(verdict.state)) return verdict;
  const serving = standings.find(({ as }) => as === "serves");
  if (!serving || standings.some(({ as }) => as === "standby")) return verdict;
  const lacking = standings.flatMap((each) =>
    each.as === "none" ? [shownShortcoming(each.name, each)] : [],
  );
  if (lacking.length === 0) return verdict;
  return {
    state: "no-standby",
    message: `${serving.name} has the VIP and serves, but without a standby. ${lacking.join(". ")}`,
  };
}

/** An order of an operator may be the whole reason why nothing serves, or why nobody would take over. */
function judgeOrders(nodes: NodeReport[], verdict: Judgement): Judgement {
  const stopped = orderedReason(nodes, "stopped");
  const paused = orderedReason(nodes, "paused");
  const without = ["node-unreachable", "no-standby"].includes(verdict.state) ? `; ${verdict.message}` : "";
  if (stopped && ["no-service", "no-holder"].includes(verdict.state) && running(nodes).length === 0)
    return {
      state: "stopped",
      message: `the service is stopped (${stopped}): \`${callOf("start")}\` starts it`,
    };
  if (stopped && serves.includes(verdict.state))
    return {
      state: "stopped",
      message: `the service was told to stop (${stopped}), and still answers${without}`,
    };
  if (paused && [...serves, "no-service", "no-holder"].includes(verdict.state))
    return {
      state: "paused",
      message: `paused (${paused}), so that no agent acts: \`${callOf("resume")}\` ends it; ${verdict.message}`,
    };
  return verdict;
}

function judgeHolders(nodes: NodeReport[], ping: PingReport, stale: string[], now: Date): Judgement {
  const silent = nodes.filter(({ status }) => !status);
  const bare = silent.filter(({ error }) => error === notSetUp);
  if (bare.length > 0 && bare.length === nodes.length)
    return {
      state: "not-up",
      message: `the nodes are there, and not set up yet: \`${callOf("up")}\` does that`,
    };
  const holders = holdersOf(nodes);
  const services = running(nodes);
  const without = silent.length > 0 ? `; ${names(silent)} cannot be reached` : "";
  if (services.length > 1) {
    return {
      state: "two-services",
      message: `two services: the container runs on ${names(services)}${without}`,
    };
  }
  if (holders.length > 1) {
    const many =
      holders.length === 2 ? "two holders (split brain)" : `${holders.length} holders (split brain)`;
    const all = holders.length === 2 ? "both" : "all";
    return {
      state: "two-holders",
      message: `${many}: ${names(holders)} ${all} have the VIP${sinceWhen(holders, now)}${without}`,
    };
  }
  if (stale[0]) return { state: "stale-vip", message: `${stale[0]}${without}` };
  const [holder] = holders;
  // A node that cannot be asked may still hold the VIP and serve.
  if (!holder && silent.length > 0 && ping.ok) {
    return { state: "node-unreachable", message: `Rancher answers, and ${names(silent)} cannot be reached` };
  }
  if (!holder) return { state: "no-holder", message: `no holder: no node has the VIP${without}` };
  if (!ping.ok) {
    return {
      state: "no-service",
      message: `${holder.name} has the VIP, without service: ${whyNoService(holder, ping)}${without}`,
    };
  }
  if (silent.length > 0) {
    return {
      state: "node-unreachable",
      message: `${holder.name} has the VIP and serves; ${names(silent)} cannot be reached`,
    };
  }
  return { state: "healthy", message: `healthy: ${holder.name} has the VIP and serves` };
}
