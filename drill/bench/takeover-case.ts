import type { Row } from "./report";

/** The figures of one fault with one preset, or with keepalived's own defaults. */
export interface TakeoverCase extends Row {
  preset: string;
  fault: string;
  /** What keepalived's timers promise, ms. */
  formula: number;
}

/** The cases as a table in Markdown, which docs/floating-ip.md has. */
export function table(rows: TakeoverCase[]): string {
  const heading = ["preset", "fault", "n", "median, ms", "p95, ms", "max, ms", "formula, ms"];
  const cells = rows.map(({ preset, fault, n, median, p95, max, formula }) => [
    ...[preset, fault, String(n)],
    ...[median, p95, max, formula].map((value) => value.toFixed(0)),
  ]);
  const line = (values: string[]): string => `| ${values.join(" | ")} |\n`;
  return [heading, heading.map(() => "---"), ...cells].map(line).join("");
}
