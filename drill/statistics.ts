/*
 * The statistics of drill reports and benchmarks, and how figures are written.
 */

/** What repeated measurements of one thing came to; all values have the unit of the measurements. */
export interface Figures {
  /** How many measurements there were. */
  n: number;
  median: number;
  p95: number;
  max: number;
}

/**
 * The value below which a share of all values lies, by the nearest-rank method: it is one of the values.
 *
 * @param share from 0 to 1
 * @throws if there are no values
 */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  if (value === undefined) throw new Error("nothing was measured");
  return value;
}

export const median = (values: readonly number[]): number => percentile(values, 0.5);

/**
 * Figures of some measurements.
 *
 * @param values at least one
 * @param rounded rounds each figure
 */
export const figuresOf = (values: readonly number[], rounded: (value: number) => number): Figures => ({
  n: values.length,
  median: rounded(median(values)),
  p95: rounded(percentile(values, 0.95)),
  max: rounded(Math.max(...values)),
});

/** Four significant digits. */
export const fourDigits = (value: number): number => Number(value.toPrecision(4));

/** The longest distance between two neighbouring times; 0 for less than two. */
export const longestGap = (times: readonly number[]): number =>
  Math.max(0, ...times.slice(1).map((at, i) => at - (times[i] ?? at)));

/** Milliseconds as seconds with three significant digits: `0.054`, `1.23`, `61.4`. */
export function seconds(milliseconds: number): string {
  const value = milliseconds / 1000;
  return value === 0 ? "0" : value.toFixed(value < 1 ? 3 : value < 10 ? 2 : 1);
}

/** `median / p95 / max` in seconds, of figures in milliseconds; a dash if nothing was measured. */
export const shownFigures = (figures: Figures | undefined): string =>
  figures ? [figures.median, figures.p95, figures.max].map(seconds).join(" / ") : "–";
