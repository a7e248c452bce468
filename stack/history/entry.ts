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
