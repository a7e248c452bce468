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

/** The value below which a share of all lies. */
function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

export const median = (values: readonly number[]): number =>
  quantile(
    [...values].sort((a, b) => a - b),
    0.5,
  );

/**
 * @param values in `unit`, at least one
 * @param baseline what the median is put in relation to
 */
export function row(name: string, unit: Row["unit"], values: readonly number[], baseline?: number): Row {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = quantile(sorted, 0.5);
  return {
    case: name,
    unit,
    n: values.length,
    median: rounded(middle),
    p95: rounded(quantile(sorted, 0.95)),
    max: rounded(sorted.at(-1) ?? Number.NaN),
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
