import { shownFigures } from "../statistics";
import type { FaultRow } from "./rows";

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

/** Explains the three figures of a cell. */
export const legend =
  "Times are median / 95th percentile / maximum of n trials, in seconds; gaps are the longest time without an answer, as a client saw it.";

/** A row's cells in the order of {@link heading}, as plain text. */
export const cells = (row: FaultRow): string[] => [
  row.fault,
  String(row.n),
  shownFigures(row.vipGap),
  shownFigures(row.serviceGap),
  shownFigures(row.twoHolders),
  shownFigures(row.twoWriters),
  row.acknowledged === undefined ? "not measured" : `${row.lost}, ${row.duplicated}, ${row.acknowledged}`,
  row.result === "held"
    ? `held${row.goesOn ? ", the service went on" : ""}`
    : [row.result, ...row.breaches, ...(row.problems ?? [])].join(": "),
];
