/** A line of a log, of any node. */
export interface LogLine {
  /** Milliseconds since 1970, by the node's clock. */
  time: number;
  /** Who said it: `agent`, `keepalived`, `container`. */
  source: string;
  text: string;
}

/** An entry of the journal, as far as it is asked for. All may be missing; a message that is no text is bytes. */
interface Entry {
  MESSAGE?: string | number[] | null;
  UNIT?: string;
  _SYSTEMD_UNIT?: string;
  __REALTIME_TIMESTAMP?: string;
}

/** A terminal obeys control characters, and a log may hold any. */
const harmless = (text: string): string => text.replace(/\p{Cc}\[[\d;]*m|(?![\n\t])\p{Cc}/gu, "");

const sourceOf = (unit: string): string => unit.replace(/\.service$/, "").replace(/^ha-rancher-/, "");

function entryOf(text: string): LogLine | undefined {
  try {
    const { MESSAGE: message, UNIT, _SYSTEMD_UNIT, __REALTIME_TIMESTAMP } = JSON.parse(text) as Entry;
    const time = Number(__REALTIME_TIMESTAMP) / 1000;
    if (!Number.isFinite(time)) return undefined;
    const said = Array.isArray(message) ? Buffer.from(message).toString("utf8") : String(message ?? "");
    // What systemd says of a unit is of that unit.
    return { time, source: sourceOf(UNIT ?? _SYSTEMD_UNIT ?? "?"), text: harmless(said) };
  } catch {
    return undefined;
  }
}

/** Reads a line of node/host/logs; undefined if it is none. */
export function logLine(text: string): LogLine | undefined {
  if (text.startsWith("{")) return entryOf(text);
  const [, stamp, said = ""] = /^(\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)) ?(.*)$/s.exec(text) ?? [];
  const time = Date.parse(stamp ?? "");
  return Number.isNaN(time) ? undefined : { time, source: "container", text: harmless(said) };
}

/** systemd's own words at each enabling of a unit, which tell nobody anything. */
const noise = /^(Created symlink|Removed) .*\/systemd\/system\//;

export const isNoise = ({ text }: LogLine): boolean => text === "" || noise.test(text);

/**
 * Puts lines of several nodes into the order of their times. A line is held back for a moment, in which an earlier one
 * of another node may come.
 */
export class Merged<Line extends LogLine> {
  private readonly held: { line: Line; since: number }[] = [];

  /** @param patience milliseconds that a line is held back */
  constructor(
    private readonly show: (line: Line) => void,
    private readonly patience: number,
    private readonly now: () => number = () => performance.now(),
  ) {}

  add(line: Line): void {
    this.held.push({ line, since: this.now() });
  }

  /** Shows what was held back long enough, and all that is earlier. */
  flush(all = false): void {
    const ripe = this.held.filter(({ since }) => all || this.now() - since >= this.patience);
    const until = Math.max(...ripe.map(({ line }) => line.time));
    const due = this.held.filter(({ line }) => line.time <= until);
    for (const each of due) this.held.splice(this.held.indexOf(each), 1);
    for (const { line } of due.sort((one, other) => one.line.time - other.line.time)) this.show(line);
  }
}

/** Seconds for `90`, `30s`, `10m`, `2h` or `1d`; undefined if it is none of these. */
export function secondsOf(text: string): number | undefined {
  const [, count, unit = "s"] = /^(\d{1,6})([smhd])?$/.exec(text) ?? [];
  const size = { s: 1, m: 60, h: 3_600, d: 86_400 }[unit] ?? 1;
  return count === undefined ? undefined : Number(count) * size;
}
