import { compareVersions, partsOf } from "./version";

/*
 * Which versions of an image may follow which: one minor version after the other, as whoever changes its datastore at a start
 * expects it. A workload says which ones there are, and what is known to break an upgrade.
 */

/** A minor version, such as 2.13. */
export interface VersionLine {
  /** `2.13` */
  line: string;
  /** The newest version of it that everybody can have: an upgrade passes there. Undefined: not known here. */
  newest?: string | undefined;
  /** What comes with it, for people: `K3s 1.34, etcd 3.6`. */
  bundles?: string | undefined;
}

/** What is looked at on the nodes (node/agent/upgrade_looks.py). Paths are below the shared data. */
export type TrapLook =
  /** A path that must not be a link. */
  | { link: string }
  /** The database of an etcd, which must name one member, as there is one. */
  | { members: string }
  /** MiB that each node must have at least. */
  | { memory: number };

/** What is known to break an upgrade. */
export interface Trap {
  /** For whoever comes from an older line to this one, or over it; undefined: to any other line. */
  into?: string | undefined;
  look: TrapLook;
  /** What would happen, and the way out. */
  meaning: string;
}

/** What is known of an image's versions. */
export interface Upgrades {
  /** From old to new, without gaps. Empty: any version may follow any older one. */
  lines: VersionLine[];
  traps: Trap[];
}

/** `2.13` of `v2.13.3`. */
function lineOf(version: string): string {
  const { major, minor } = partsOf(version);
  return `${major}.${minor}`;
}

/** A way from one version to another, or why there is none. */
export type Way = { steps: string[] } | { trouble: string };

/**
 * The versions to start one after the other, from the one after `from` to `to`.
 *
 * @throws if one of them is no version
 */
export function wayBetween(from: string, to: string, { lines }: Pick<Upgrades, "lines">): Way {
  if (lines.length === 0 || compareVersions(from, to) >= 0) return { steps: [to] };
  const [old, next] = [partsOf(from), partsOf(to)];
  if (old.major !== next.major)
    return { trouble: `it is not known here how ${lineOf(from)} becomes ${lineOf(to)}` };
  const between = Array.from(
    { length: Math.max(0, next.minor - old.minor - 1) },
    (_, i) => `${old.major}.${old.minor + 1 + i}`,
  );
  const steps: string[] = [];
  for (const line of between) {
    const newest = lines.find((each) => each.line === line)?.newest;
    if (newest === undefined)
      return { trouble: `a version of ${line} must come between, and it is not known here which: name one` };
    steps.push(newest);
  }
  return { steps: [...steps, to] };
}

/** `v2.12.3 -> v2.13.3 -> v2.14.3` */
export const shownWay = (versions: readonly string[]): string => versions.join(" -> ");

/** The traps on the way from one version to another. */
export function trapsBetween(from: string, to: string, { traps }: Pick<Upgrades, "traps">): Trap[] {
  const [old, next] = [lineOf(from), lineOf(to)];
  if (compareVersions(old, next) >= 0) return [];
  return traps.filter(
    ({ into }) => into === undefined || (compareVersions(old, into) < 0 && compareVersions(into, next) <= 0),
  );
}

/** What was found on a node (node/agent/upgrade_looks.py). */
export interface Found {
  /** MiB. */
  memory: number;
  /** By path; undefined where the data is not mounted. */
  links?: Record<string, boolean> | undefined;
  /** Undefined by path: there is no such database. */
  members?: Record<string, number | undefined> | undefined;
}

function foundOn(look: TrapLook, found: Found): string | undefined {
  if ("memory" in look)
    return found.memory < look.memory
      ? `has ${found.memory} MiB of memory, and ${look.memory} MiB is the least`
      : undefined;
  if ("link" in look) return found.links?.[look.link] ? `has a link in its data, ${look.link}` : undefined;
  const members = found.members?.[look.members];
  return members !== undefined && members > 1
    ? `has a datastore that names ${members} members, where there is one`
    : undefined;
}

/** What of these traps is there, a sentence each. */
export const sprung = (traps: readonly Trap[], nodes: Readonly<Record<string, Found>>): string[] =>
  traps.flatMap(({ look, meaning }) =>
    Object.entries(nodes).flatMap(([name, found]) => {
      const what = foundOn(look, found);
      return what === undefined ? [] : [`${name} ${what}: ${meaning}`];
    }),
  );
