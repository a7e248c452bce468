import {
  agentNotes,
  differentAgents,
  differing,
  refusedConfiguration,
  settling,
  stackNotes,
  unprotected,
} from "./agent-findings";
import { agentRuns, type NodeReport } from "./node-report";

/** Problems of the floating IP, except for the number of its holders. Each is a sentence for people. */
export interface Findings {
  /** Nodes that have the VIP although their keepalived is not master: it would stay there. */
  stale: string[];
  /** Standbys that could not take over the VIP, or for which this is not known. */
  unfit: string[];
  /** Nodes that do not hear a master's adverts. */
  deaf: string[];
  /** Nodes on which a protection that was asked for is missing. */
  unprotected: string[];
  /** Settings or versions that differ between nodes, or were changed by hand. */
  mismatch: string[];
  /** Facts that are no fault, but good to know. */
  notes: string[];
}

function staleVip({ name, status }: NodeReport): string[] {
  const state = status?.vrrpState;
  if (!status?.holdsVip || !state || state === "MASTER") return [];
  if (state !== "STOPPED" && (status.keepalived?.since ?? settling) < settling) return [];
  return [`stale VIP on ${name}: it has the VIP, and its keepalived is ${state}`];
}

/** Why a node's keepalived is in FAULT, as far as its agent knows. */
function whyFault(node: NodeReport): string {
  const agent = node.status?.agent;
  if (!agentRuns(node)) return `no agent runs there${agent?.fault ? ` (${agent.fault})` : ""}`;
  if (agent?.fault) return `its agent says: ${agent.fault}`;
  if (agent?.state === "standby") return "`journalctl -u keepalived` there says why";
  return `its agent is ${agent?.state}${agent?.reason ? ` (${agent.reason})` : ""}`;
}

/** Whether an order of an operator is the reason why this node leaves the VIP to others. */
function isOrdered({ name, status }: NodeReport): boolean {
  const { banned, prefer } = status?.orders ?? {};
  return !!banned || (!!prefer && prefer !== name && !status?.agent?.fault);
}

function unfitNodes(node: NodeReport): string[] {
  const { name, status } = node;
  const { vrrpState: state, keepalived } = status ?? {};
  if (status && state === null)
    return [`${name} did not say in time whether its keepalived runs: it hangs or is overloaded`];
  if (status && typeof status.holdsVip !== "boolean") return [`${name} did not say whether it has the VIP`];
  // What an operator ordered is told as such.
  if (state === "FAULT" && isOrdered(node)) return [];
  if (!status || status.holdsVip || keepalived?.maintenance || (keepalived?.since ?? settling) < settling)
    return [];
  if (state === "STOPPED") return [`${name} could not take over: its keepalived does not run`];
  if (state !== "FAULT") return [];
  return [`${name} could not take over: its keepalived is in FAULT; ${whyFault(node)}`];
}

function deafNodes(nodes: NodeReport[]): string[] {
  return nodes.flatMap(({ name, status }) => {
    const { peers, heard } = status?.keepalived ?? {};
    if (!peers || !heard || status?.vrrpState === "STOPPED") return [];
    return nodes
      .filter(
        (other) =>
          other.name !== name &&
          other.status?.vrrpState === "MASTER" &&
          (other.status.keepalived?.since ?? settling) >= settling &&
          peers.includes(other.address) &&
          !heard.includes(other.address),
      )
      .map((other) => `${name} does not hear ${other.name}, which is master`);
  });
}

/** Standbys that do not see the heartbeats of the owner. */
function blindNodes(nodes: NodeReport[]): string[] {
  const settled = ({ status }: NodeReport, state: string): boolean =>
    status?.agent?.state === state && (status.agent.since ?? 0) >= settling;
  const owner = nodes.find((node) => node.status?.lease?.heldHere && settled(node, "active"));
  if (!owner) return [];
  return nodes
    .filter((node) => node.status?.lease?.owner === null && settled(node, "standby"))
    .map(
      ({ name }) =>
        `${name} does not see the heartbeats of ${owner.name}, which has the lease: \`journalctl -u ha-rancher-agent\` there says what it sees`,
    );
}

export function findingsOf(nodes: NodeReport[]): Findings {
  const edited = nodes.filter(({ status }) => status?.keepalived?.edited).map(({ name }) => name);
  const settings = differing(nodes, ({ status }) => status?.keepalived?.settings);
  const versions = differing(nodes, ({ status }) => status?.keepalived?.version);
  const resting = nodes.filter(({ status }) => status?.keepalived?.maintenance).map(({ name }) => name);
  return {
    stale: nodes.flatMap(staleVip),
    unfit: nodes.flatMap(unfitNodes),
    deaf: deafNodes(nodes),
    unprotected: nodes.flatMap(unprotected),
    mismatch: [
      ...nodes.flatMap(refusedConfiguration),
      ...differentAgents(nodes),
      ...edited.map(
        (name) => `keepalived.conf on ${name} was changed by hand: \`pulumi up --refresh\` repairs it`,
      ),
      ...(settings ? [`keepalived's settings differ (${settings}): \`npm run up\` repairs it`] : []),
    ],
    notes: [
      ...nodes.flatMap(agentNotes),
      ...blindNodes(nodes),
      ...stackNotes(nodes),
      ...(versions ? [`keepalived's versions differ: ${versions}`] : []),
      ...resting.map((name) => `${name} is in maintenance: \`npm run maintenance -- ${name} off\` ends it`),
    ],
  };
}
