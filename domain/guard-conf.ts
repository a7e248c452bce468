import { shellQuote } from "./shell-quote";
import { defaultTimes, type NodeTimes } from "./timers";

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

/**
 * Writes a value so that it stands for itself in a systemd unit: `%` begins a specifier there. Mount units take the
 * rest of the line as it is (systemd.mount(5): no quotes, no escapes), so blanks within need nothing, and what a
 * line cannot hold is refused: control characters, blanks around it, a backslash at its end (a continuation).
 */
export function unitValue(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (!text || /[\u0000-\u001f\u007f]/.test(text) || text !== text.trim() || text.endsWith("\\"))
    throw new Error(
      `${JSON.stringify(text)} cannot stand in a systemd unit: use a text without control characters, blanks around it, or a backslash at its end`,
    );
  return text.replaceAll("%", "%%");
}

/**
 * Fills in a mount unit's template.
 *
 * @param template text with the placeholders `@{WHAT}`, `@{WHERE}` and `@{VERSION}`
 * @param values what to mount, such as `192.168.56.1:/export`, where, and with which version of NFS
 */
export function renderMountUnit(
  template: string,
  values: { what: string; where: string; version: "4.2" | "3" },
): string {
  const text: Record<string, string> = {
    WHAT: unitValue(values.what),
    WHERE: unitValue(values.where),
    // Version 3 keeps the lock of a node that lost its power, for ever: rather none. And it has no delegations, so
    // that only `noac` shows a node what another one wrote.
    VERSION: values.version === "3" ? "3,nolock,noac" : values.version,
  };
  return fillTemplate(template, text);
}

/** Puts values that are quoted already in the place of a template's `@{NAME}`. @throws if it has one that is not given */
export function fillTemplate(template: string, values: Record<string, string>): string {
  return template.replace(/@\{(\w+)\}/g, (placeholder, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`the template has ${placeholder}, which nothing is known of`);
    return value;
  });
}

/** systemd takes no longer unit name (unit-name.h, UNIT_NAME_MAX, with the end of the string). */
const longestUnitName = 255;

/**
 * The name of the mount unit of a directory, as `systemd-escape --path --suffix=mount` gives it.
 *
 * @param path absolute, without `..`
 */
export function mountUnitName(path: string): string {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  if (!path.startsWith("/") || parts.includes("..") || path.includes("\0"))
    throw new Error(`${JSON.stringify(path)} is not a mount point: use an absolute path without \`..\``);
  const name = `${parts.length ? escapeUnitName(parts.join("/")) : "-"}.mount`;
  if (name.length > longestUnitName)
    throw new Error(`${JSON.stringify(path)} is too long for the name of a systemd unit: use a shorter path`);
  return name;
}

/** Byte by byte: letters, digits and `:_.` stay (a dot not at the beginning), `/` becomes `-`, the rest `\xNN`. */
function escapeUnitName(text: string): string {
  return Array.from(Buffer.from(text), (byte, i) => {
    const character = String.fromCharCode(byte);
    if (character === "/") return "-";
    if (/[A-Za-z0-9:_.]/.test(character) && !(i === 0 && character === ".")) return character;
    return `\\x${byte.toString(16).padStart(2, "0")}`;
  }).join("");
}
