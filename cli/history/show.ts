import { duration } from "../../domain/duration";
import { phaseNames } from "../../stack/history/chain";
import type { Colors } from "../ui/colors";
import { clockRemarks, type HistoryReport } from "./report";

type Entry = HistoryReport["entries"][number];

const two = (number: number): string => String(number).padStart(2, "0");

/** As a person's clock shows it. */
function localTime(iso: string): string {
  const date = new Date(iso);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${date.toTimeString().slice(0, 8)}`;
}

const tookOf = (seconds: number): string => (seconds < 60 ? `${seconds.toFixed(1)} s` : duration(seconds));

/** How an entry ended. */
function howOf({ kind, begin, end, phases }: Entry, until: string): string {
  const took = tookOf((Date.parse(end ?? until) - Date.parse(begin)) / 1000);
  if (kind === "event" || kind === "agent" || kind === "vip" || kind === "end") return "";
  if (kind === "unfit") return end === null ? `for ${took}, and goes on` : `for ${took}`;
  if (kind === "failed start") return `given up after ${took}`;
  if (end !== null) return `well after ${took}`;
  return phases.lease === undefined ? "how it ended is not known" : "not well yet, as far as is known";
}

/** The steps of a takeover with their seconds since its beginning. */
function stepsOf({ phases, uncertaintyMilliseconds: unsure }: Entry): string {
  const names = {
    seen: "seen",
    vip: "VIP",
    lease: "lease",
    mounted: "mounted",
    started: "started",
    well: "well",
  };
  const steps = phaseNames.flatMap((name) => {
    const at = phases[name];
    return at === undefined ? [] : [`${names[name]} ${at.toFixed(1)}`];
  });
  const words = unsure >= 50 ? ` (s, between the nodes ± ${(unsure / 1000).toFixed(2)})` : " s";
  return steps.length > 1 ? `${steps.join("  ")}${words}` : "";
}

function shownEntry(entry: Entry, until: string, withEvents: boolean, paint: Colors): string[] {
  const { kind, begin, node, from, epoch, why, events } = entry;
  const color = ["failover", "failed start", "end"].includes(kind)
    ? paint.red
    : ["restart", "unfit", "vip"].includes(kind)
      ? paint.yellow
      : kind === "start" || kind === "switchover"
        ? paint.green
        : paint.dim;
  const where = from !== null && from !== node ? `${from} -> ${node}` : node;
  const number = epoch === null ? "" : ` (epoch ${epoch})`;
  const head = [`${localTime(begin)}  ${color(kind.padEnd(12))} ${where}${number}`, howOf(entry, until)];
  const steps = stepsOf(entry);
  return [
    head.filter(Boolean).join("  "),
    `    ${why}`,
    ...(steps ? [paint.dim(`    ${steps}`)] : []),
    ...(withEvents
      ? events.map(({ at, node: by, source, text, kind: what }) =>
          paint.dim(`      ${localTime(at)}.${at.slice(20, 23)} ${by} ${source} ${what}: ${text}`),
        )
      : []),
  ];
}

/** The report for people. */
export function shownHistory(report: HistoryReport, withEvents: boolean, paint: Colors): string {
  const { entries, until, since } = report;
  const remarks = clockRemarks(report).map((line) => paint.yellow(line));
  const lines = entries.flatMap((entry) => shownEntry(entry, until, withEvents, paint));
  const none = `nothing has happened since ${localTime(since)}`;
  return [...(lines.length > 0 ? lines : [none]), ...(remarks.length > 0 ? ["", ...remarks] : [])].join("\n");
}
