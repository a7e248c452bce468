import type { FaultRow, Figures } from "./summary";

/** Milliseconds as seconds, with the digits that mean something. */
export function seconds(milliseconds: number): string {
  const value = milliseconds / 1000;
  return value === 0 ? "0" : value.toFixed(value < 1 ? 3 : value < 10 ? 2 : 1);
}

/** `median / p95 / max`; a dash: not measured. */
export const three = (figures: Figures | undefined): string =>
  figures ? [figures.median, figures.p95, figures.max].map(seconds).join(" / ") : "–";

export const heading = [
  "fault",
  "n",
  "VIP gap, s",
  "service gap, s",
  "two holders, s",
  "two writers, s",
  "writes: lost, doubled, of",
  "verdict",
] as const;

/** What the three figures of a cell are. */
export const legend =
  "Times are median / 95th percentile / maximum of n trials, in seconds; gaps are the longest time without an answer, as a client saw it.";

/** A row's cells in the order of {@link heading}, as plain text. */
export const cells = (row: FaultRow): string[] => [
  row.fault,
  String(row.n),
  three(row.vipGap),
  three(row.serviceGap),
  three(row.twoHolders),
  three(row.twoWriters),
  row.acknowledged === undefined ? "not measured" : `${row.lost}, ${row.duplicated}, ${row.acknowledged}`,
  row.result === "held" ? "held" : [row.result, ...row.breaches].join(": "),
];
