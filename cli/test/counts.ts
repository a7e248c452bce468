/** What Node's test runner counts, in the order in which it says it. */
const counted = ["tests", "suites", "pass", "fail", "cancelled", "skipped", "todo"] as const;

export type Counts = Record<(typeof counted)[number], number>;

const summary = new RegExp(counted.map((name) => `^ℹ ${name} (\\d+)$`).join("\\n"), "gm");

/** Whether a line is one of the runner's closing ones. */
export const isSummary = (line: string): boolean =>
  /^ℹ (tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/.test(line);

const countsOf = (value: (index: number) => number): Counts =>
  Object.fromEntries(counted.map((name, index) => [name, value(index)])) as Counts;

/** The closing lines in what a file of tests printed; undefined if it did not come to its end. */
export function readCounts(text: string): Counts | undefined {
  const last = [...text.matchAll(summary)].at(-1);
  return last && countsOf((index) => Number(last[index + 1]));
}

/** One test that failed: a file that ended before it had counted its own. */
export const oneFailure: Counts = { ...countsOf(() => 0), tests: 1, fail: 1 };

export const sum = (all: Counts[]): Counts =>
  countsOf((index) => all.reduce((total, each) => total + each[counted[index] ?? "tests"], 0));

/** The closing lines of a layer, as Node's runner has them. */
export const summaryLines = (counts: Counts, seconds: number): string[] => [
  ...counted.map((name) => `ℹ ${name} ${counts[name]}`),
  `ℹ duration_ms ${(seconds * 1000).toFixed(3)}`,
];
