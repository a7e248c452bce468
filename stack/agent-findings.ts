import { callOf } from "../local/called";
import { agentRuns, type NodeReport } from "./node-report";

/** Seconds that a change of state may take. */
export const settling = 2;

/** `2.2.7 on a and c, 2.2.8 on b`; undefined if all have the same. Nodes of which nothing is known do not count. */
export function differing(
  nodes: NodeReport[],
  what: (node: NodeReport) => string | null | undefined,
): string | undefined {
  const byValue = new Map<string, string[]>();
  for (const node of nodes) {
    const value = what(node);
    if (value) byValue.set(value, [...(byValue.get(value) ?? []), node.name]);
  }
  return byValue.size < 2 ? undefined : groups(byValue);
}

const groups = (byValue: Map<string, string[]>): string =>
  [...byValue].map(([value, names]) => `${value} on ${names.join(" and ")}`).join(", ");

/** An order that is given to all nodes: the reason, with the nodes that have it if not all that answered do. */
export function orderedReason(
  nodes: NodeReport[],
  order: "paused" | "stopped" | "prefer",
): string | undefined {
  const byReason = new Map<string, string[]>();
  for (const { name, status } of nodes) {
    const reason = status?.orders?.[order];
    if (reason) byReason.set(reason, [...(byReason.get(reason) ?? []), name]);
  }
  if (byReason.size === 0) return undefined;
  const [only] = byReason.keys();
  const asked = nodes.filter(({ status }) => status).length;
  return byReason.size === 1 && byReason.get(only ?? "")?.length === asked ? only : groups(byReason);
}

/** What stands in the way of the protection against two writers. */
export function unprotected({ name, status }: NodeReport): string[] {
  const { fencing, lease } = status ?? {};
  const mode = fencing?.watchdogMode;
  const why = fencing?.watchdogWords ? `: ${fencing.watchdogWords}` : "";
  return [
    ...(mode === "required" && lease?.heldHere && fencing?.watchdog === false
      ? [`${name} has the lease without an armed watchdog, which \`fencing.watchdog\` requires${why}`]
      : []),
    ...(mode === "required" && !lease?.heldHere && fencing?.watchdogAvailable === false
      ? [`${name} has no watchdog that it could use, and \`fencing.watchdog\` requires one${why}`]
      : []),
    ...(fencing?.storageFault
      ? [
          `storage fencing does not work from ${name}, so that a failover waits for the timers: ${fencing.storageFault}`,
        ]
      : []),
    ...(fencing?.agentFault
      ? [
          `the fence agent does not work from ${name}, so that a failover may take longer: ${fencing.agentFault}`,
        ]
      : []),
  ];
}

/** A configuration on disk that the agent would refuse: it goes on with its former one until it is started again. */
export const refusedConfiguration = ({ name, status }: NodeReport): string[] =>
  status?.configuration
    ? [
        `the agent on ${name} would not start with the configuration that is on disk: \`${callOf("up")}\` writes it again (${status.configuration})`,
      ]
    : [];

/** The agents' versions, where they differ. */
export function differentAgents(nodes: NodeReport[]): string[] {
  const versions = differing(nodes, ({ status }) => status?.agent?.version);
  return versions ? [`the agents' versions differ (${versions}): \`${callOf("up")}\` repairs it`] : [];
}

/** A lease process that hangs, or is gone. */
function leaseProcess({ name, status }: NodeReport): string[] {
  const { lease, timers } = status ?? {};
  const silent = lease?.unanswered ?? 0;
  if (lease?.alive === false)
    return [
      `the lease process on ${name} is gone: \`journalctl -u ha-rancher-lease\` there says why${lease.error ? ` (${lease.error})` : ""}`,
    ];
  return lease?.alive && silent > (timers?.giveUp ?? 6)
    ? [
        `the lease directory has not answered ${name} for ${Math.floor(silent)} s${lease.error ? ` (${lease.error})` : ""}`,
      ]
    : [];
}

function watchdogNotes({ name, status }: NodeReport): string[] {
  const { fencing, lease } = status ?? {};
  if (!fencing || fencing.agent || fencing.watchdog !== false || fencing.watchdogMode === "required")
    return [];
  const why = fencing.watchdogWords ?? "no device";
  const missing = fencing.watchdogAvailable === false;
  if (fencing.watchdogMode === "off")
    return [`${name} uses no watchdog, which would reset it if it hung as a whole (\`fencing.watchdog\`)`];
  if (lease?.heldHere || missing)
    return [
      `${name} has no ${missing ? "" : "armed "}watchdog, which would reset it if it hung as a whole: ${why}`,
    ];
  return [];
}

function healthNotes({ name, status }: NodeReport): string[] {
  const { health, agent } = status ?? {};
  const failures = health?.failures ?? 0;
  const answer = health?.answer ?? "none";
  return [
    ...(agent?.state === "active" && !["ok", "none"].includes(answer)
      ? [`the service on ${name} is not well: ${health?.words || answer}`]
      : []),
    ...(failures > 0
      ? [
          `the service failed ${failures === 1 ? "once" : `${failures} times`} on ${name} since it was last well there${health?.failure ? ` (${health.failure})` : ""}: \`${callOf("failures", "--clear")}\` forgets it`,
        ]
      : []),
  ];
}

/** Orders that are about one node, but for those that make it no standby. */
function orderNotes({ name, status }: NodeReport): string[] {
  const { work, off } = status?.orders ?? {};
  return [
    ...(work ? [`${name} is at work on the data (${work})`] : []),
    ...(off?.length ? [`${name} was told by an operator that ${off.join(" and ")} is off`] : []),
  ];
}

/** Facts of one node that weaken the protection of the data, or will soon lead to a restart or a failover. */
export function agentNotes(node: NodeReport): string[] {
  const { name, status } = node;
  const { lease, serverLease } = status?.timers ?? {};
  return [
    ...healthNotes(node),
    ...watchdogNotes(node),
    ...leaseProcess(node),
    ...(agentRuns(node) && status?.agent?.degraded?.length
      ? [`the agent on ${name} is less protected than it should be: ${status.agent.degraded.join("; ")}`]
      : []),
    ...(status?.mounts?.dataLingers
      ? [`the shared data is still mounted somewhere on ${name}, where it should not be`]
      : []),
    ...(lease && serverLease && serverLease > lease
      ? [
          `the NFS server's lease time is ${serverLease} s as ${name} sees it, and \`guard.leaseTime\` says ${lease} s: a failover takes as long as the server's`,
        ]
      : []),
    ...orderNotes(node),
  ];
}

/** Orders that are about all nodes, but for those that the verdict tells. */
export function stackNotes(nodes: NodeReport[]): string[] {
  const prefer = orderedReason(nodes, "prefer");
  return prefer
    ? [`the service goes to ${prefer} next, if that is fit: \`${callOf("prefer", "none")}\` ends it`]
    : [];
}
