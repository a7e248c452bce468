import { defaultTimes, type NodeTimes } from "./timers";
import { mountUnitName } from "./units";

/** Where the settings for the fence agent are on a node, a file for each node. */
export const fenceDirectory = "/etc/ha-rancher/fence";

/** The file in the shared data whose first line tells this stack's data from any other. */
export const sentinelName = ".ha-rancher-sentinel";

/** Whether a node needs a watchdog device to become the owner of the lease: `automatic` takes one where there is one. */
export const watchdogModes = ["required", "automatic", "off"] as const;

export type WatchdogMode = (typeof watchdogModes)[number];

/** Commands in the service's container for a backup while it runs (node/agent/dump.py): each the program and its arguments. */
export interface OnlineBackup {
  /** Writes all data to its standard output, and ends with 0. */
  command: string[];
  /** Takes that in from its standard input, and ends with 0; default: none, and then a restore says how to do it by hand. */
  restore?: string[] | undefined;
  /** The companion that both run in; default: the main container. */
  of?: string | undefined;
}

/** What a node's agent is told. */
export interface AgentConfiguration {
  /** The node's name, unique in the stack. */
  node: string;
  /** Names of the other nodes. */
  peers: string[];
  /** The floating IP without prefix. */
  vip: string;
  /** The node's own, where the agent asks what is asked on 127.0.0.1: node/agent/health.py says why. */
  address: string;
  /** Where the shared data is mounted on the active node. */
  dataDirectory: string;
  /** First line of the file {@link sentinelName} in the shared data. */
  sentinel: string;
  /** What of the data is copied before each start, a relative path: the datastore's folder. Default: the agent's. */
  datastore?: string | undefined;
  /** Where the lease directory is mounted, on every node all the time. */
  leaseDirectory: string;
  /** Version of NFS, default 4.2. With 3 there are no locks, and claims instead. */
  nfsVersion?: "4.2" | "3";
  /** The node's NFSv4 client identity: unique among all clients of the NFS server. No blanks. */
  identity: string;
  /** Default `automatic`. */
  watchdog?: WatchdogMode;
  /** The program that fences; undefined: nodes fence themselves. */
  fenceAgent?: string | undefined;
  /** Whether a helper on the NFS server can cut nodes off; default false. */
  storageFence?: boolean | undefined;
  /** Default: none, and a backup stops the service. */
  backup?: OnlineBackup | undefined;
  /** The file that names what the node runs: node/release/name writes it. */
  serviceFile: string;
  /** Seconds, decimals allowed, and counts; what is left out has its default (timers.ts). */
  times?: Partial<NodeTimes>;
}

/** Where each timer is in agent.json, and under which name; all others are in `timers` under their own. */
const places: Record<string, { part: "health" | "timers"; name: string }> = {
  healthEvery: { part: "health", name: "every" },
  healthTimeout: { part: "health", name: "timeout" },
  deepEvery: { part: "health", name: "deepEvery" },
  deepTimeout: { part: "health", name: "deepTimeout" },
  healthRefused: { part: "timers", name: "refusedTime" },
  healthSlow: { part: "timers", name: "slowTime" },
};

const placeOf = (name: string) => places[name] ?? { part: "timers" as const, name };

/** What is a number of times, and no time. */
const isCount = (name: string): boolean => name === "failures";

/** The timers of one part, as the agent takes them: times in whole milliseconds. */
const partOf = (part: "health" | "timers", times: Partial<NodeTimes>): Record<string, number> =>
  Object.fromEntries(
    Object.entries(times)
      .filter(([name]) => placeOf(name).part === part)
      .map(([name, value]) => [placeOf(name).name, isCount(name) ? value : Math.round(value * 1_000)]),
  );

/**
 * agent.json of a node, in the form that node/agent/configuration.py describes. The agent checks the values, and does not
 * start on wrong ones.
 */
export function agentConfiguration(values: AgentConfiguration): string {
  const { node, peers, vip, address, dataDirectory, sentinel, datastore, leaseDirectory, identity } = values;
  const { nfsVersion = "4.2", watchdog = "automatic", fenceAgent, serviceFile, times = {}, backup } = values;
  const { storageFence } = values;
  const configuration = {
    ...{ node, peers, vip, address },
    data: { directory: dataDirectory, unit: mountUnitName(dataDirectory), sentinel, datastore },
    lease: { directory: leaseDirectory, unit: mountUnitName(leaseDirectory), nfsVersion, identity },
    timers: partOf("timers", times),
    health: partOf("health", times),
    watchdog,
    fence: fenceAgent === undefined ? undefined : { agent: fenceAgent },
    // An agent of a version before this one takes no setting that it does not know.
    storageFence: storageFence || undefined,
    backup,
    service: serviceFile,
  };
  return `${JSON.stringify(configuration, undefined, 2)}\n`;
}

/** What policies judge of an agent.json. */
interface Told {
  /** Seconds, and counts: what is not said has its default, and what is no number is NaN. */
  times: NodeTimes;
  identity: string | undefined;
  watchdog: string | undefined;
}

type Table = Record<string, unknown>;

const tableOf = (value: unknown): Table =>
  typeof value === "object" && value !== null ? (value as Table) : {};

const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

function parsed(text: string): Table {
  try {
    return tableOf(JSON.parse(text));
  } catch {
    return {};
  }
}

/** Reads an agent.json; whatever is not as it should be in it counts as not said. */
export function readAgentConfiguration(text: string): Told {
  const told = parsed(text);
  const timeOf = (timer: string, standard: number): number => {
    const { part, name } = placeOf(timer);
    const value = tableOf(told[part])[name];
    if (value === undefined) return standard;
    return typeof value !== "number" ? Number.NaN : isCount(timer) ? value : value / 1_000;
  };
  return {
    times: Object.fromEntries(
      Object.entries(defaultTimes).map(([timer, standard]) => [timer, timeOf(timer, standard)]),
    ) as unknown as NodeTimes,
    identity: textOf(tableOf(told.lease).identity),
    watchdog: textOf(told.watchdog),
  };
}
