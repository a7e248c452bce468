import { journalEntry } from "../../stack/history/entry";

/** A line of a log, of any node. */
export interface LogLine {
  /** Milliseconds since 1970, by the node's clock. */
  time: number;
  /** Who said it: `agent`, `keepalived`, `container`. */
  source: string;
  text: string;
}

/** A terminal obeys control characters, and a log may hold any. */
const harmless = (text: string): string => text.replace(/\p{Cc}\[[\d;]*m|(?![\n\t])\p{Cc}/gu, "");

function entryOf(line: string): LogLine | undefined {
  const entry = journalEntry(line);
  return entry && { time: entry.time, source: entry.source, text: harmless(entry.text) };
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
