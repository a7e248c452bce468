import { shellQuote } from "./shell-quote";
import { defaultTimes, type NodeTimes } from "./timers";
import { mountUnitName } from "./units";

/** Where the settings for the fence agent are on a node, a file for each node. */
export const fenceDirectory = "/etc/ha-rancher/fence";

/** What a node's guard.conf says. */
export interface GuardConfValues {
  /** The node's name, unique in the stack. */
  node: string;
  /** The floating IP without prefix. */
  vip: string;
  /** Name of the container that the guard starts and stops; unless `serviceFile` says it. */
  container?: string;
  /** Where the shared data is mounted on the active node. */
  dataDirectory: string;
  /** The systemd mount unit of that directory. */
  dataUnit: string;
  /** Where the lease directory is mounted, on every node all the time. */
  leaseDirectory: string;
  /** The node's NFSv4 client identity: unique among all clients of the NFS server. No blanks. */
  identity: string;
  /** First line of the file {@link sentinelName} in the shared data. */
  sentinel: string;
  /** Answers 2xx as long as the service is well, asked on the node itself; unless `serviceFile` says it. */
  healthUrl?: string;
  /** Answers 2xx only if the datastore answers, too. */
  deepUrl?: string | undefined;
  /** The program that fences; undefined: nodes fence themselves. */
  fenceAgent?: string | undefined;
  /** Version of NFS, default 4.2. With 3 there are no locks, and claims instead: node/guard/lease. */
  nfsVersion?: "4.2" | "3";
  /** Another file of such lines, which names what the node runs: node/release/point writes it. */
  serviceFile?: string;
  /** Seconds, decimals allowed, and counts; what is left out has its default (timers.ts). */
  times?: Partial<NodeTimes>;
}

/** The file in the shared data whose first line tells this stack's data from any other directory. */
export const sentinelName = ".ha-rancher-sentinel";

/** `giveUp` -> `GIVE_UP` */
export const confKey = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();

/**
 * guard.conf of a node: lines `KEY=VALUE`, each value quoted for a shell.
 * The guard checks the values and refuses to start on wrong ones.
 *
 * @throws if a value cannot stand in the file: a line break, a null byte
 */
export function guardConf({ times = {}, serviceFile, ...values }: GuardConfValues): string {
  const settings: Record<string, string | number | undefined> = {
    ...values,
    leaseUnit: mountUnitName(values.leaseDirectory),
    ...times,
  };
  const lines = Object.entries(settings).flatMap(([name, value]) => {
    if (value === undefined) return [];
    const text = String(value);
    if (/[\r\n]/.test(text))
      throw new Error(`\`${name}\` has a line break, which cannot stand in guard.conf: remove it`);
    return [`${confKey(name)}=${shellQuote(text)}`];
  });
  if (serviceFile !== undefined) {
    const file = shellQuote(serviceFile);
    lines.push(`[ ! -e ${file} ] || . ${file}`);
  }
  return `# Made by ha-rancher; the keys are described in configuration.bash. A change by hand is drift.\n${lines.join("\n")}\n`;
}

/** What a shell makes of a word in single quotes, or in none. */
const unquoted = (word: string): string =>
  word.replace(/'([^']*)'|\\(.)/g, (_, quoted, escaped) => quoted ?? escaped);

/** The values of a guard.conf by their keys, as {@link guardConf} writes them. */
export function readGuardConf(text: string): Record<string, string> {
  const lines = text.split("\n").map((line) => /^([A-Z_]+)=(.*)$/.exec(line));
  return Object.fromEntries(
    lines.flatMap((line) => (line ? [[line[1] ?? "", unquoted(line[2] ?? "")]] : [])),
  );
}

/** The timers of a guard.conf; those that it does not say have their defaults. What is no number is NaN. */
export function timesOf(text: string): NodeTimes {
  const said = readGuardConf(text);
  return Object.fromEntries(
    Object.entries(defaultTimes).map(([name, standard]) => [name, Number(said[confKey(name)] ?? standard)]),
  ) as unknown as NodeTimes;
}
