import type { ChildProcess } from "node:child_process";
import { availableParallelism } from "node:os";
import { onInterrupt } from "../../local/foreground";
import { colors } from "../ui/colors";
import { sum, summaryLines } from "./counts";
import type { Job } from "./job";
import { type JobResult, runJob } from "./run-job";
import type { TestRun } from "./test-run";

export interface LayerResult {
  results: JobResult[];
  /** Whether the user has pressed Ctrl-C. */
  interrupted: boolean;
  seconds: number;
}

type Say = (line: string) => void;

/** Colours the lines of passed and failed tests. */
const painted = (line: string): string => {
  if (/^\s*✔/.test(line)) return colors.green(line);
  return /^\s*✖/.test(line) ? colors.red(line) : line;
};

const closingLines = (results: JobResult[], seconds: number): string[] => {
  const counts = results.flatMap((each) => each.counts ?? []);
  const failed = results.filter(({ failure }) => failure !== undefined);
  return [
    ...(counts.length > 0 ? summaryLines(sum(counts), seconds) : []),
    ...failed.map(({ name, failure }) => colors.red(`✖ ${name}: ${failure}`)),
  ];
};

/**
 * Runs a layer's jobs, all of them even if one fails. If they run one at a time, each line is shown when it comes.
 * Otherwise the lines of a job are shown together at its end.
 *
 * @param limit seconds for each job
 * @param together how many run at a time
 */
export async function runJobs(
  jobs: Job[],
  run: TestRun,
  limit: number,
  together: number,
  say: Say,
): Promise<LayerResult> {
  const start = performance.now();
  const running = new Set<ChildProcess>();
  // Only the programs get the signal: they end their own children.
  const interrupts = onInterrupt(() => {
    for (const child of running) child.kill("SIGINT");
  });
  const results: JobResult[] = [];
  const waiting = [...jobs];
  const work = async (): Promise<void> => {
    for (let job = waiting.shift(); job && interrupts.count === 0; job = waiting.shift()) {
      const lines: string[] = [];
      const live = together === 1;
      if (live) say(colors.dim(`--- ${job.name}`));
      const print = (line: string): void => void (live ? say(painted(line)) : lines.push(line));
      const result = await runJob(job, run, limit, print, (child) => {
        running.add(child);
        child.once("exit", () => running.delete(child));
      });
      if (!live)
        say(
          [colors.dim(`--- ${job.name} (${result.seconds.toFixed(1)} s)`), ...lines.map(painted)].join("\n"),
        );
      results.push(result);
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(together, jobs.length) }, work));
  } finally {
    interrupts.stop();
  }
  const seconds = (performance.now() - start) / 1000;
  for (const line of closingLines(results, seconds)) say(line);
  return { results, interrupted: interrupts.count > 0, seconds };
}

/** How many jobs a layer runs at a time: one, or as many as there are processors. */
export const atATime = (alone: boolean | undefined): number => (alone ? 1 : availableParallelism());
