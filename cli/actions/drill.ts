import { join } from "node:path";
import { type Fault, faultNamed, faults, quickFaults } from "../../drill/faults";
import type { Ground } from "../../drill/ground/ground";
import { realGround } from "../../drill/ground/stack";
import { journalFile, openJournal } from "../../drill/journal";
import { allHeld, type DrillReport } from "../../drill/report/summary";
import { drill, type Order, Refused } from "../../drill/runner";
import type { Pace } from "../../drill/trial";
import { Failure } from "../../local/errors";
import { withLock } from "../../local/lock";
import { dataHome } from "../../local/paths";
import { fromCaller } from "../caller";
import type { ReachedStack } from "../on-nodes";
import { colors } from "../ui/colors";

export interface DrillOptions {
  stack: string;
  /** Names; none: all. */
  fault?: string[];
  quick?: boolean;
  trials: number;
  /** Minutes of faults at random, after the trials. */
  nemesis?: number;
  seed?: number;
  report?: string;
  /** Goes on from what `report` has. */
  continue?: boolean;
  json?: boolean;
  yesBreak?: string[];
  compare?: string[];
  /** Not of the command line: for stacks that are quicker than real ones. */
  pace?: Pace;
}

/** Progress; what the command is asked for goes to stdout. */
const say = (line: string): void => void process.stderr.write(`${line}\n`);

function chosen({ fault = [], quick, nemesis }: DrillOptions): readonly Fault[] {
  try {
    if (fault.length) return fault.map(faultNamed);
  } catch (error) {
    throw new Failure(error instanceof Error ? error.message : String(error), 2);
  }
  if (quick) return quickFaults.map(faultNamed);
  return nemesis ? [] : faults;
}

/** Where the report of a drill goes unless told otherwise: a folder of its own below the data folder. */
const defaultFolder = (stack: string): string =>
  join(dataHome(), "drill", `${stack}-${new Date().toISOString().slice(0, 19).replace(/[:T]/g, "-")}`);

/** Aborts at the first Ctrl-C, and says what goes on at any. */
function interruptible(): { signal: AbortSignal; end: () => void } {
  const abort = new AbortController();
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  const stop = (): void => {
    say(
      abort.signal.aborted
        ? "still taking back what was done; please wait"
        : "taking back what was done, then ending",
    );
    abort.abort();
  };
  for (const name of signals) process.on(name, stop);
  return {
    signal: abort.signal,
    end: () => {
      for (const name of signals) process.removeListener(name, stop);
    },
  };
}

/** Drills a stack, and writes the report as it goes. */
export async function drillGround(
  ground: Ground,
  options: DrillOptions,
  directory: string,
): Promise<DrillReport> {
  // Loading the plotting library takes a second: only when there is something to plot.
  const { ReportFolder } = await import("../../drill/report/files.js");
  const { headline } = await import("../../drill/report/markdown.js");
  const { cells } = await import("../../drill/report/figures.js");
  const { rowsOf } = await import("../../drill/report/summary.js");
  const folder = new ReportFolder(directory);
  const known = ground.nodes.map(({ name }) => name);
  const check = (nodes: string[]): void => {
    if (nodes.join() !== known.join())
      throw new Failure(
        `${directory} is of a stack with the nodes ${nodes.join(", ")}, and this one has ${known.join(", ")}: name another \`--report\``,
      );
  };
  if (!options.continue) folder.clear();
  const before = options.continue ? folder.resume(check) : [];
  const order: Order = {
    faults: chosen(options),
    trials: options.trials,
    before,
    seed: options.seed ?? Math.floor(Math.random() * 2 ** 31),
    breakable: options.yesBreak ?? [],
    ...(options.pace ? { pace: options.pace } : {}),
    ...(options.nemesis ? { nemesis: options.nemesis } : {}),
  };
  const { signal, end } = interruptible();
  try {
    const report = await drill(ground, openJournal(journalFile(ground.stack)), order, {
      say,
      signal,
      judged(recording, result) {
        folder.keep(recording);
        const [row] = rowsOf([result], []);
        if (!row) return;
        const [, , vip, service, holders, writers, writes, outcome = ""] = cells(row).map(
          (cell) => cell.split(" / ")[0],
        );
        const paint = row.result === "held" ? colors.green : colors.red;
        say(
          `  VIP gap ${vip} s, service gap ${service} s, two holders ${holders} s, two writers ${writers} s, writes ${writes}: ${paint(outcome)}`,
        );
        for (const slow of result.slow) say(`  ${slow}`);
        if (recording.problem) say(`  not counted: ${recording.problem}`);
      },
    });
    folder.write(report);
    say(headline(report));
    return report;
  } finally {
    end();
  }
}

/**
 * Compares two reports of drills.
 *
 * @returns 0 if nothing got worse, else 1
 */
export async function compareReports(files: string[], asJson: boolean): Promise<number> {
  const [before, after, ...others] = files;
  if (before === undefined || after === undefined || others.length > 0)
    throw new Failure("`--compare` wants two files, each the report.json of a drill", 2);
  const { compare, shownComparison } = await import("../../drill/report/compare.js");
  const { readReport } = await import("../../drill/report/files.js");
  const found = compare(readReport(fromCaller(before)), readReport(fromCaller(after)));
  process.stdout.write(`${asJson ? JSON.stringify(found, undefined, 2) : shownComparison(found)}\n`);
  return found.changes.every(({ better }) => better) ? 0 : 1;
}

/** Refuses what cannot be meant, before anything is looked at. */
export function checkOrder(options: DrillOptions): void {
  chosen(options);
  if (options.continue && !options.report)
    throw new Failure("`--continue` goes on from a report: name its folder with `--report`", 2);
}

/**
 * Breaks a stack that is up, in all the ways there are or in the named ones, measures what that costs, and writes a
 * report.
 *
 * @returns 0 if all invariants held, 1 if not, 130 after Ctrl-C
 */
export async function drillStack({ known, machines }: ReachedStack, options: DrillOptions): Promise<number> {
  const { stack } = options;
  const directory = options.report ? fromCaller(options.report) : defaultFolder(stack);
  const report = await withLock(
    join(dataHome(), "drill"),
    stack,
    async () => {
      const ground = await realGround(stack, known, machines, say);
      try {
        return await drillGround(ground, options, directory);
      } catch (error) {
        throw error instanceof Refused ? new Failure(error.message) : error;
      } finally {
        await ground.end();
      }
    },
    () => say(`another drill of ${stack} runs: waiting for it`),
  );
  say(`report: ${join(directory, "report.html")}`);
  if (options.json) process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
  if (report.interrupted === "Ctrl-C") return 130;
  return allHeld(report) && !report.interrupted ? 0 : 1;
}
