import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import type { Marked } from "../../local/marked";
import { packageRoot } from "../../local/root";
import { type Counts, isSummary, oneFailure, readCounts } from "./counts";
import type { Job } from "./job";
import type { TestRun } from "./test-run";

export interface JobResult {
  name: string;
  /** The reason of a failure; undefined if the job passed. */
  failure?: string;
  /** The counts of a test file. */
  counts?: Counts;
  seconds: number;
}

/**
 * Milliseconds until an ended program's output closes. If it stays open, a child is left that the program did not wait
 * for.
 */
const closing = 3_000;

/** Waits for the end of a program; returns the reason if it failed. */
async function ended(child: ChildProcess): Promise<string | undefined> {
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const why = await new Promise<string | undefined>((resolve) => {
    child.once("error", (error) => resolve(`it cannot be started: ${error.message}`));
    child.once("exit", (code, signal) =>
      resolve(code === 0 ? undefined : signal ? `it was ended by ${signal}` : `it ended with code ${code}`),
    );
  });
  await Promise.race([closed, sleep(closing, undefined, { ref: false })]);
  for (const stream of [child.stdout, child.stderr]) stream?.destroy();
  return why;
}

const hung = (limit: number, there: Marked[]): string =>
  [
    `it ran longer than its limit of ${limit} s, and was ended; these ran then:`,
    ...there.map(({ pid, command }) => `    ${pid} ${command.slice(0, 160)}`),
  ].join("\n");

/**
 * Runs a job's program. At the limit all its processes are ended.
 *
 * @param limit seconds
 * @param print called with each line of output, except the counts at the end, which the layer sums up
 * @param started called with the program, so that Ctrl-C can be passed on
 */
export async function runJob(
  job: Job,
  run: TestRun,
  limit: number,
  print: (line: string) => void,
  started: (child: ChildProcess) => void,
): Promise<JobResult> {
  const start = performance.now();
  const child = spawn(job.command, job.args, {
    cwd: packageRoot,
    env: run.environment(job.name),
    // In its own process group the program gets a terminal's Ctrl-C only once: from us.
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  started(child);
  const printed: string[] = [];
  for (const input of [child.stdout, child.stderr])
    createInterface({ input }).on("line", (line) => {
      if (job.counts) printed.push(line);
      if (!job.counts || !isSummary(line)) print(line);
    });
  let late: Promise<string> | undefined;
  const timer = setTimeout(() => {
    late = run.endProcesses(job.name).then((there) => hung(limit, there));
  }, limit * 1000);
  const why = await ended(child);
  clearTimeout(timer);
  const seconds = (performance.now() - start) / 1000;
  const counts = job.counts ? readCounts(printed.join("\n")) : undefined;
  const failure = (await late) ?? why ?? (job.counts && !counts?.tests ? "it ran no test" : undefined);
  if (!job.counts) return { name: job.name, failure, seconds };
  // If a file fails without a failed test, the file itself counts as one.
  const told = counts && (failure === undefined || counts.fail + counts.cancelled > 0);
  return { name: job.name, failure, counts: told ? counts : oneFailure, seconds };
}
