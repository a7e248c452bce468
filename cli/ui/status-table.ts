import { duration } from "../../domain/duration";
import { agentRuns, type NodeReport, notSetUp } from "../../stack/node-report";
import type { Standing } from "../../stack/standing";
import type { PingReport, Verdict } from "../../stack/verdict";
import { haveVips } from "../../stack/vips";
import type { Colors } from "./colors";

export interface StatusReport {
  stack: string;
  vip: string;
  url: string;
  healthy: boolean;
  state: Verdict["state"];
  message: string;
  remarks: string[];
  standings: Standing[];
  reasons: string[];
  /** Names of the nodes that have the VIP. */
  holders: string[];
  ping: PingReport;
  nodes: NodeReport[];
}

const yesNo = (value: boolean | null | undefined): string => (value ? "yes" : "no");

/** The service is asked only where it runs: what it answered elsewhere was long ago. */
const isUnwell = (answer: string | null | undefined): boolean => !!answer && !["ok", "none"].includes(answer);

function row(report: NodeReport): string[] {
  const { name, address, status, error } = report;
  if (!status && error === notSetUp) return [name, address, error];
  if (!status) return [name, address, `not reached: ${error?.split("\n")[0] ?? "no answer"}`];
  const { agent, lease, container, mounts, health } = status;
  const mounted = [mounts?.lease && "lease", mounts?.data && "data"].filter(Boolean).join(" + ");
  return [
    name,
    address,
    status.holdsVip === undefined || status.holdsVip === null ? "?" : yesNo(status.holdsVip),
    (status.vrrpState ?? "-") + (status.keepalived?.maintenance ? " (maintenance)" : ""),
    agentRuns(report) ? agent?.state + (agent?.epoch ? ` (epoch ${agent.epoch})` : "") : "not running",
    lease?.heldHere ? "here" : lease?.owner ? `of ${lease.owner}` : "-",
    (container?.state ?? "missing") +
      (agent?.state === "active" && isUnwell(health?.answer) ? " (not well)" : ""),
    mounted || "-",
    status.uptime === undefined || status.uptime === null ? "-" : duration(status.uptime),
  ];
}

/** Where each VIP moves by itself: which ones a node has, and which it refuses, with the reason. */
function rowOfVips(report: NodeReport): string[] {
  const { name, address, status } = report;
  if (!status) return row(report);
  const { vips, agent, keepalived } = status;
  const held = (vips ?? []).filter(({ holds }) => holds).map((vip) => vip.name);
  const refused = (vips ?? []).filter(({ fit }) => fit === false).map((vip) => vip.name);
  return [
    name,
    address,
    held.join(", ") || "-",
    (agentRuns(report) ? (agent?.state ?? "?") : "not running") +
      (keepalived?.maintenance ? " (maintenance)" : ""),
    refused.join(", ") || "-",
    status.uptime === undefined || status.uptime === null ? "-" : duration(status.uptime),
  ];
}

const headingOfVips = ["Node", "Address", "VIPs", "Agent", "Refuses", "Up for"];

const headingOfService = [
  "Node",
  "Address",
  "VIP",
  "VRRP",
  "Agent",
  "Lease",
  "Container",
  "Mounted",
  "Up for",
];

/** The report as a table with a verdict, for people. */
export function statusTable(report: StatusReport, colors: Colors): string {
  const isOfVips = haveVips(report.nodes);
  const heading = isOfVips ? headingOfVips : headingOfService;
  const rows = [heading, ...report.nodes.map(isOfVips ? rowOfVips : row)];
  const widths = heading.map((_, i) =>
    // A node that was not reached has its reason across all columns.
    Math.max(
      ...rows.filter((cells) => cells.length === heading.length).map((cells) => cells[i]?.length ?? 0),
      ...(i < 2 ? rows.map((cells) => cells[i]?.length ?? 0) : []),
    ),
  );
  const line = (cells: string[]): string =>
    cells
      .map((cell, i) => cell.padEnd(cells.length === heading.length || i < 2 ? (widths[i] ?? 0) : 0))
      .join("  ")
      .trimEnd();
  const { ping } = report;
  const answer = ping.ok ? colors.green(`answers in ${ping.milliseconds} ms`) : colors.red("does not answer");
  const paint = (cells: string[], i: number): string => {
    const text = line(cells);
    if (i === 0) return colors.dim(text);
    const status = report.nodes[i - 1]?.status;
    if (!status) return colors.red(text);
    return status.holdsVip ? colors.bold(text) : text;
  };
  return [
    `${colors.bold(report.stack)}  VIP ${report.vip}  ${report.url} ${answer}`,
    "",
    ...rows.map(paint),
    "",
    ...report.reasons.map((reason) => colors.dim(reason)),
    ...(report.reasons.length > 0 ? [""] : []),
    ...report.remarks.map((remark) => colors.yellow(remark)),
    verdictColor(report.state, colors)(report.message),
  ].join("\n");
}

/** Green: all is well. Yellow: it serves, without a standby. Red: anything else. */
const verdictColor = (state: Verdict["state"], colors: Colors): ((text: string) => string) =>
  state === "healthy" ? colors.green : state === "no-standby" ? colors.yellow : colors.red;
