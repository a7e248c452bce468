import type { NodeReport } from "./node-report";

/** Problems of the floating IP, except for the number of its holders. Each is a sentence for people. */
export interface Findings {
  /** Nodes that have the VIP although their keepalived is not master: it would stay there. */
  stale: string[];
  /** Standbys that could not take over the VIP, or for which this is not known. */
  unfit: string[];
  /** Nodes that do not hear a master's adverts. */
  deaf: string[];
  /** Settings that differ between nodes, or were changed by hand. */
  mismatch: string[];
  /** Facts that are no fault, but good to know. */
  notes: string[];
}

/** Seconds that a change of state may take. */
const settling = 2;

function staleVip({ name, status }: NodeReport): string[] {
  const state = status?.vrrpState;
  if (!status?.holdsVip || !state || state === "MASTER") return [];
  if (state !== "STOPPED" && (status.keepalived?.since ?? settling) < settling) return [];
  return [`stale VIP on ${name}: it has the VIP, and its keepalived is ${state}`];
}

/** Why a node's keepalived is in FAULT, as far as its guard knows. */
function whyFault({ guard }: NonNullable<NodeReport["status"]>): string {
  if (guard?.state === "STANDBY") return "`journalctl -u keepalived` there says why";
  return `its guard is in state ${guard?.state ?? "STOPPED"}${guard?.reason ? ` (${guard.reason})` : ""}`;
}

function unfitNodes({ name, status }: NodeReport): string[] {
  const { vrrpState: state, keepalived } = status ?? {};
  if (status && state === null)
    return [`${name} did not say in time whether its keepalived runs: it hangs or is overloaded`];
  if (!status || status.holdsVip || keepalived?.maintenance || (keepalived?.since ?? settling) < settling)
    return [];
  if (state === "STOPPED") return [`${name} could not take over: its keepalived does not run`];
  if (state !== "FAULT") return [];
  return [`${name} could not take over: its keepalived is in FAULT; ${whyFault(status)}`];
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
    status?.guard?.state === state && Number(status.guard.since ?? 0) >= settling;
  const owner = nodes.find((node) => node.status?.lease?.heldHere && settled(node, "ACTIVE"));
  if (!owner) return [];
  return nodes
    .filter((node) => node.status?.lease?.owner === null && settled(node, "STANDBY"))
    .map(
      ({ name }) =>
        `${name} does not see the heartbeats of ${owner.name}, which has the lease: \`journalctl -u ha-rancher-guard\` there says what it sees`,
    );
}

/** `2.2.7 on a and c, 2.2.8 on b`; undefined if all have the same. */
function differing(
  nodes: NodeReport[],
  what: (node: NodeReport) => string | null | undefined,
): string | undefined {
  const byValue = new Map<string, string[]>();
  for (const node of nodes) {
    const value = what(node);
    if (value) byValue.set(value, [...(byValue.get(value) ?? []), node.name]);
  }
  if (byValue.size < 2) return undefined;
  return [...byValue].map(([value, names]) => `${value} on ${names.join(" and ")}`).join(", ");
}

/** Facts that weaken the protection of the data, or will soon lead to a restart or a failover. */
function guardNotes({ name, status }: NodeReport): string[] {
  const { health, fencing, timers } = status ?? {};
  const { lease, serverLease } = timers ?? {};
  return [
    ...(health?.state === "failing"
      ? [`the service on ${name} is not well: ${health.reason ?? "no answer"}`]
      : []),
    ...(fencing && !fencing.agent && fencing.watchdog === false
      ? [
          `${name} has no watchdog, which would reset it if it hung as a whole: \`systemctl status ha-rancher-watchdog\` there says why`,
        ]
      : []),
    ...(lease && serverLease && serverLease > lease
      ? [
          `the NFS server's lease time is ${serverLease} s as ${name} sees it, and \`guard.leaseTime\` says ${lease} s: a failover takes as long as the server's`,
        ]
      : []),
  ];
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
    mismatch: [
      ...edited.map(
        (name) => `keepalived.conf on ${name} was changed by hand: \`pulumi up --refresh\` repairs it`,
      ),
      ...(settings ? [`keepalived's settings differ (${settings}): \`npm run up\` repairs it`] : []),
    ],
    notes: [
      ...nodes.flatMap(guardNotes),
      ...blindNodes(nodes),
      ...(versions ? [`keepalived's versions differ: ${versions}`] : []),
      ...resting.map((name) => `${name} is in maintenance: \`npm run maintenance -- ${name} off\` ends it`),
    ],
  };
}
