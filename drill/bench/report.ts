import { type Figures, figuresOf, fourDigits, median } from "../statistics";

/** What was measured of one case. */
export interface Row extends Figures {
  case: string;
  unit: "s" | "ms" | "MB" | "ms/s" | "processes/min";
  /** To the baseline that was measured in the same run. */
  ratio?: number;
}

/** The result of a benchmark. */
export interface Report {
  name: string;
  rows: Row[];
}

/**
 * @param values in `unit`, at least one
 * @param baseline what the median is divided by for `ratio`
 */
export const row = (name: string, unit: Row["unit"], values: readonly number[], baseline?: number): Row => ({
  case: name,
  unit,
  ...figuresOf(values, fourDigits),
  ...(baseline === undefined ? {} : { ratio: fourDigits(median(values) / baseline) }),
});

/** The report as a table for people. */
export function table({ name, rows }: Report): string {
  const heading = ["case", "unit", "n", "median", "p95", "max", "ratio"];
  const cells = [heading, ...rows.map((each) => heading.map((key) => String(each[key as keyof Row] ?? "")))];
  const widths = heading.map((_, i) => Math.max(...cells.map((line) => line[i]?.length ?? 0)));
  const lines = cells.map((line) =>
    line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join("  "),
  );
  return `${name}\n${lines.join("\n")}\n`;
}
