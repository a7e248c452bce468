/** What Node's test runner counts, in the order of its output. */
const counted = ["tests", "suites", "pass", "fail", "cancelled", "skipped", "todo"] as const;

export type Counts = Record<(typeof counted)[number], number>;

const summary = new RegExp(counted.map((name) => `^ℹ ${name} (\\d+)$`).join("\\n"), "gm");

/** Whether a line belongs to the summary of the test runner. */
export const isSummary = (line: string): boolean =>
  /^ℹ (tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/.test(line);

const countsOf = (value: (index: number) => number): Counts =>
  Object.fromEntries(counted.map((name, index) => [name, value(index)])) as Counts;

/** Reads the summary in the output of a test file; undefined if the file did not come to its end. */
export function readCounts(text: string): Counts | undefined {
  const last = [...text.matchAll(summary)].at(-1);
  return last && countsOf((index) => Number(last[index + 1]));
}

/** The counts of a file that ended before its summary: one failed test. */
export const oneFailure: Counts = { ...countsOf(() => 0), tests: 1, fail: 1 };

export const sum = (all: Counts[]): Counts =>
  countsOf((index) => all.reduce((total, each) => total + each[counted[index] ?? "tests"], 0));

/** The summary of a layer, in the form of Node's runner. */
export const summaryLines = (counts: Counts, seconds: number): string[] => [
  ...counted.map((name) => `ℹ ${name} ${counts[name]}`),
  `ℹ duration_ms ${(seconds * 1000).toFixed(3)}`,
];
