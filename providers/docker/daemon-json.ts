/** Lists of Docker's daemon.json by key, such as `registry-mirrors`. */
export type Lists = Record<string, string[]>;

type Daemon = Record<string, unknown>;

/** @throws if Docker could not read the text */
function parseDaemon(text: string): Daemon {
  if (text.trim() === "") return {};
  const way = "mend the file, which Docker cannot read either; it was left as it is";
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch (error) {
    throw new Error(`/etc/docker/daemon.json is no JSON (${(error as Error).message}): ${way}`);
  }
  if (typeof found !== "object" || found === null || Array.isArray(found))
    throw new Error(`/etc/docker/daemon.json is no list of settings by name: ${way}`);
  return found as Daemon;
}

function listOf(daemon: Daemon, key: string): string[] {
  const found = daemon[key] ?? [];
  if (!Array.isArray(found) || !found.every((each) => typeof each === "string"))
    throw new Error(`\`${key}\` in /etc/docker/daemon.json is no list of texts: mend it`);
  return found;
}

const written = (daemon: Daemon): string => `${JSON.stringify(daemon, undefined, 2)}\n`;

/** The wanted values that are not in the file. */
export const missingIn = (text: string, wanted: Lists): Lists => {
  const daemon = parseDaemon(text);
  return Object.fromEntries(
    Object.entries(wanted).flatMap(([key, values]) => {
      const there = listOf(daemon, key);
      const missing = values.filter((value) => !there.includes(value));
      return missing.length ? [[key, missing]] : [];
    }),
  );
};

/**
 * Adds values at the end of lists in a daemon.json; everything else in it stays.
 *
 * @param text the file; empty if there is none
 */
export function withLists(text: string, added: Lists): string {
  const daemon = parseDaemon(text);
  for (const [key, values] of Object.entries(added)) daemon[key] = [...listOf(daemon, key), ...values];
  return written(daemon);
}

/** Removes values again, and lists that are then empty. Returns "" if nothing is left of the file. */
export function withoutLists(text: string, added: Lists): string {
  if (Object.keys(added).length === 0) return text;
  const daemon = parseDaemon(text);
  for (const [key, values] of Object.entries(added)) {
    const rest = listOf(daemon, key).filter((value) => !values.includes(value));
    if (rest.length) daemon[key] = rest;
    else delete daemon[key];
  }
  return Object.keys(daemon).length ? written(daemon) : "";
}

const liveRestore = "live-restore";

/** Whether a daemon.json says whether containers outlive the engine, be it so or not. */
export const saysLiveRestore = (text: string): boolean => liveRestore in parseDaemon(text);

/** Lets containers outlive the engine. */
export const withLiveRestore = (text: string): string =>
  written({ ...parseDaemon(text), [liveRestore]: true });

/** Undoes that, unless somebody has said otherwise since. Returns "" if nothing is left of the file. */
export function withoutLiveRestore(text: string): string {
  const { [liveRestore]: value, ...rest } = parseDaemon(text);
  if (value !== true) return text;
  return Object.keys(rest).length ? written(rest) : "";
}
