/** An entry of a node's journal. */
export interface JournalEntry {
  /** Milliseconds since 1970, by the node's clock. */
  time: number;
  /** Milliseconds since that boot, and which boot it was; undefined and empty if the journal does not say it. */
  sinceBoot?: number;
  boot: string;
  /** The unit that it is about, without what all of ours begin with: `agent`, `lease`, `keepalived`, `docker`. */
  source: string;
  /** Whether systemd says it of that unit. */
  bySystemd: boolean;
  /** As it was said: of any length, with any characters. */
  text: string;
}

/** What journalctl prints, as far as it is asked for. All may be missing; a message that is no text is bytes. */
interface Printed {
  MESSAGE?: string | number[] | null;
  UNIT?: string;
  _SYSTEMD_UNIT?: string;
  __REALTIME_TIMESTAMP?: string;
  __MONOTONIC_TIMESTAMP?: string;
  _BOOT_ID?: string;
}

/** The form of an event in a node's own file of them (node/agent/events.py), as far as it is needed to put it in its place. */
interface Kept {
  time?: unknown;
  mono?: unknown;
  boot?: unknown;
  by?: unknown;
  event?: unknown;
}

/** Reads a line of a node's file of events, which outlives its journal; undefined if it is none, or has no time. */
export function keptEntry(line: string): JournalEntry | undefined {
  let kept: Kept | null;
  try {
    kept = JSON.parse(line) as Kept | null;
  } catch {
    return undefined;
  }
  const { time, mono, boot, by, event } = kept ?? {};
  if (typeof event !== "string" || typeof time !== "string" || time.length > 40) return undefined;
  const at = Date.parse(time);
  if (!Number.isFinite(at)) return undefined;
  return {
    time: at,
    ...(typeof mono === "number" && Number.isFinite(mono) ? { sinceBoot: mono } : {}),
    boot: typeof boot === "string" ? boot.slice(0, 64) : "",
    source: by === "lease" ? "lease" : "agent",
    bySystemd: false,
    text: line,
  };
}

/**
 * A node's journal with what only its file of events has, in the order in which it was said: by boots, and within them by the
 * time since boot, which nobody sets. An event that the journal has, too, is the same line there, and counts once.
 */
export function withKept(journal: readonly JournalEntry[], kept: readonly JournalEntry[]): JournalEntry[] {
  const known = new Set(journal.map(({ text }) => text));
  const missing = kept.filter(({ text }) => !known.has(text));
  if (missing.length === 0) return [...journal];
  const all = [...missing, ...journal];
  const began = new Map<string, number>();
  for (const { boot, time } of all) began.set(boot, Math.min(time, began.get(boot) ?? time));
  const bootOf = ({ boot }: JournalEntry): number => began.get(boot) ?? 0;
  const at = ({ sinceBoot, time }: JournalEntry): number => sinceBoot ?? time;
  return all.sort((one, other) => bootOf(one) - bootOf(other) || at(one) - at(other));
}

const sourceOf = (unit: unknown): string =>
  String(unit)
    .replace(/\.service$/, "")
    .replace(/^ha-rancher-/, "");

/** Reads a line of `journalctl --output json`; undefined if it is none, or has no time. */
export function journalEntry(line: string): JournalEntry | undefined {
  let printed: Printed | null;
  try {
    printed = JSON.parse(line) as Printed | null;
  } catch {
    return undefined;
  }
  const { MESSAGE: message, UNIT, _SYSTEMD_UNIT, _BOOT_ID: boot } = printed ?? {};
  const time = Number(printed?.__REALTIME_TIMESTAMP) / 1000;
  // No date of JavaScript's is later.
  if (!Number.isFinite(time) || Math.abs(time) > 8.64e15) return undefined;
  const sinceBoot = Number(printed?.__MONOTONIC_TIMESTAMP) / 1000;
  return {
    time,
    ...(Number.isFinite(sinceBoot) ? { sinceBoot } : {}),
    boot: typeof boot === "string" ? boot : "",
    // What systemd says of a unit is of that unit.
    source: sourceOf(UNIT ?? _SYSTEMD_UNIT ?? "?"),
    bySystemd: UNIT !== undefined && _SYSTEMD_UNIT === "init.scope",
    text: Array.isArray(message) ? Buffer.from(message).toString("utf8") : String(message ?? ""),
  };
}
