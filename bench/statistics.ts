/** A measured case, as all measurements of this project print it. */
export interface Row {
  case: string;
  unit: string;
  n: number;
  median: number;
  p95: number;
  max: number;
}

/** The value below which a share of the sorted values lies: the nearest rank, so it is one that was measured. */
export function percentile(values: number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  if (value === undefined) throw new Error("nothing was measured");
  return value;
}

const rounded = (value: number): number => Math.round(value * 10) / 10;

export function row(name: string, unit: string, values: number[]): Row {
  return {
    ...{ case: name, unit, n: values.length },
    median: rounded(percentile(values, 0.5)),
    p95: rounded(percentile(values, 0.95)),
    max: rounded(Math.max(...values)),
  };
}
