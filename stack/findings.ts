import { callOf } from "../local/called";
import {
  agentNotes,
  differentAgents,
  differing,
  refusedConfiguration,
  settling,
  stackNotes,
  unprotected,
} from "./agent-findings";
import { differentImages, movedTags } from "./images";
import type { NodeReport } from "./node-report";
import { shortcomingOf, shownShortcoming } from "./standing";

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
  // Of several VIPs it is the state of one, and a keepalived that runs has taken each from where it is not master.
  if (status?.vips && state !== "STOPPED") return [];
  if (!status?.holdsVip || !state || state === "MASTER") return [];
  if (state !== "STOPPED" && (status.keepalived?.since ?? settling) < settling) return [];
  return [`stale VIP on ${name}: it has the VIP, and its keepalived is ${state}`];
}

/** Nodes that do not say what they are, and those that would not take over. */
function unfitNodes(node: NodeReport): string[] {
  const { name, status } = node;
  if (status && typeof status.holdsVip !== "boolean" && status.vrrpState !== null)
    return [`${name} did not say whether it has the VIP`];
  if (!status || status.holdsVip) return [];
  const found = shortcomingOf(node);
  return found && !found.isOrdered ? [shownShortcoming(name, found)] : [];
}

/** What operators ordered of single nodes: each with what ends it. */
function orderedNodes(node: NodeReport): string[] {
  const { name, status } = node;
  const found = status && shortcomingOf(node);
  return found?.isOrdered ? [shownShortcoming(name, found)] : [];
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
  return {
    stale: nodes.flatMap(staleVip),
    unfit: nodes.flatMap(unfitNodes),
    deaf: deafNodes(nodes),
    unprotected: nodes.flatMap(unprotected),
    mismatch: [
      ...nodes.flatMap(refusedConfiguration),
      ...differentAgents(nodes),
      ...differentImages(nodes),
      ...edited.map(
        (name) => `keepalived.conf on ${name} was changed by hand: \`${callOf("up")}\` repairs it`,
      ),
      ...(settings ? [`keepalived's settings differ (${settings}): \`${callOf("up")}\` repairs it`] : []),
    ],
    notes: [
      ...nodes.flatMap(agentNotes),
      ...blindNodes(nodes),
      ...stackNotes(nodes),
      ...movedTags(nodes),
      ...(versions ? [`keepalived's versions differ: ${versions}`] : []),
      ...nodes.flatMap(orderedNodes),
    ],
  };
}
