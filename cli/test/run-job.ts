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
  /** Why it failed; undefined if it passed. */
  failure?: string;
  /** Of a file of tests. */
  counts?: Counts;
  seconds: number;
}

/** Milliseconds in which a program that has ended closes its output. Who has it still is no child that was waited for. */
const closing = 3_000;

/** How a program ended; its output is read until then. */
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
 * Runs a job's program to its end, or to its limit: then all its processes are ended.
 *
 * @param limit seconds
 * @param print called with each line of output but the closing counts, which the layer adds up
 * @param started told of the program, to pass Ctrl-C on
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
    // A process group of its own: Ctrl-C of a terminal is passed on, once.
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
  // A file that fails without a failed test fails itself.
  const told = counts && (failure === undefined || counts.fail + counts.cancelled > 0);
  return { name: job.name, failure, counts: told ? counts : oneFailure, seconds };
}
