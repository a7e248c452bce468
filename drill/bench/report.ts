/** What was measured of one case. */
export interface Row {
  case: string;
  unit: "s" | "ms" | "MB";
  n: number;
  median: number;
  p95: number;
  max: number;
  /** To the baseline that was measured in the same run. */
  ratio?: number;
}

export interface Report {
  name: string;
  rows: Row[];
}

const rounded = (value: number): number => Number(value.toPrecision(4));

/** The value below which a share of all lies: the nearest rank, so it is one that was measured. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  if (value === undefined) throw new Error("nothing was measured");
  return value;
}

export const median = (values: readonly number[]): number => percentile(values, 0.5);

/**
 * @param values in `unit`, at least one
 * @param baseline what the median is put in relation to
 */
export function row(name: string, unit: Row["unit"], values: readonly number[], baseline?: number): Row {
  const middle = median(values);
  return {
    case: name,
    unit,
    n: values.length,
    median: rounded(middle),
    p95: rounded(percentile(values, 0.95)),
    max: rounded(Math.max(...values)),
    ...(baseline === undefined ? {} : { ratio: rounded(middle / baseline) }),
  };
}

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

/** What a module of bench/ exports for `ha-rancher bench`: measures, and prints a table, or JSON with `--json`. */
export const printed =
  (measure: (say: (line: string) => void) => Promise<Report>) =>
  async (args: string[]): Promise<void> => {
    const report = await measure((line) => void process.stderr.write(`${line}\n`));
    const json = `${JSON.stringify(report, undefined, 2)}\n`;
    process.stdout.write(args.includes("--json") ? json : table(report));
  };
