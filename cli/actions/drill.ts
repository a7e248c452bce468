import { join } from "node:path";
import { type Fault, faultNamed, faults, quickFaults } from "../../drill/faults";
import { parsePlace } from "../../drill/probes/stores/place";
import type { Recording } from "../../drill/recording";
import { compare, shownComparison } from "../../drill/report/compare";
import { headline } from "../../drill/report/markdown";
import { rowsOf } from "../../drill/report/rows";
import { allHeld } from "../../drill/report/summary";
import { cells } from "../../drill/report/table";
import type { TrialResult } from "../../drill/report/trial";
import type { SessionOptions } from "../../drill/session";
import { Failure, messageOf } from "../../local/errors";
import { withLock } from "../../local/lock";
import { dataHome } from "../../local/paths";
import { askNodes } from "../../stack/measure";
import { needsService } from "../../stack/needs-service";
import type { NodeReport } from "../../stack/node-report";
import { shortcomingOf, shownShortcoming } from "../../stack/standing";
import { fromCaller } from "../caller";
import type { ReachedStack } from "../place";
import { secretOutput } from "../pulumi/secret-output";
import { colors } from "../ui/colors";

export interface DrillOptions {
  stack: string;
  /** Wait for who works on the stack. */
  wait?: boolean;
  /** Names; none: all. */
  fault?: string[];
  quick?: boolean;
  trials: number;
  /** Minutes of random faults, after the trials. */
  random?: number;
  /** Where the client writes; default: to the service itself, if it can. */
  writes?: string;
  seed?: number;
  report?: string;
  /** Continues the report in the folder `report`. */
  continue?: boolean;
  json?: boolean;
  yesBreak?: string[];
  compare?: string[];
  rewrite?: string;
}

/** Prints progress to stderr: stdout has only the result. */
const say = (line: string): void => void process.stderr.write(`${line}\n`);

function chosen({ fault = [], quick, random }: DrillOptions): readonly Fault[] {
  try {
    if (fault.length) return fault.map(faultNamed);
  } catch (error) {
    throw new Failure(messageOf(error), 2);
  }
  if (quick) return quickFaults.map(faultNamed);
  return random ? [] : faults;
}

/** The default folder for a drill's report: a new one in the data folder. */
const defaultFolder = (stack: string): string =>
  join(dataHome(), "drill", `${stack}-${new Date().toISOString().slice(0, 19).replace(/[:T]/g, "-")}`);

/** Prints the result of a trial, in one line or a few. */
function showTrial({ problem }: Recording, result: TrialResult): void {
  const [row] = rowsOf([result], []);
  if (!row) return;
  const [, , vip, service, holders, writers, writes, verdict = ""] = cells(row).map(
    (cell) => cell.split(" / ")[0],
  );
  const paint = row.result === "held" ? colors.green : colors.red;
  say(
    `  VIP gap ${vip} s, service gap ${service} s, two holders ${holders} s, two writers ${writers} s, writes ${writes}: ${paint(verdict)}`,
  );
  for (const slow of result.slow) say(`  ${slow}`);
  if (problem) say(`  not counted: ${problem}`);
}

/**
 * Compares two reports of drills.
 *
 * @returns 0 if nothing got worse, else 1
 */
export async function compareReports(files: string[], asJson: boolean): Promise<number> {
  const [before, after, ...others] = files;
  if (before === undefined || after === undefined || others.length > 0)
    throw new Failure("`--compare` wants two files, each the summary.json or report.json of a drill", 2);
  const { readSummary } = await import("../../drill/report/files.js");
  const found = compare(readSummary(fromCaller(before)), readSummary(fromCaller(after)));
  process.stdout.write(`${asJson ? JSON.stringify(found, undefined, 2) : shownComparison(found)}\n`);
  return found.changes.every(({ better }) => better) ? 0 : 1;
}

/** Writes a report again from its raw data, or from the trials in its report.json. */
export async function rewriteReport(folder: string): Promise<void> {
  const directory = fromCaller(folder);
  const { ReportFolder } = await import("../../drill/report/files.js");
  say(headline(new ReportFolder(directory).rewrite()));
  say(`report: ${join(directory, "report.html")}`);
}

function checkPlace(place: string | undefined): void {
  try {
    if (place !== undefined) parsePlace(place);
  } catch (error) {
    throw new Failure(`\`--writes\` ${messageOf(error)}`, 2);
  }
}

/** Refuses options that contradict each other, before the stack is looked at. */
export function checkOptions(options: DrillOptions): void {
  chosen(options);
  checkPlace(options.writes);
  if (options.continue && !options.report)
    throw new Failure("`--continue` needs the folder of a report: name it with `--report`", 2);
}

/**
 * Refuses a drill of a stack of which an operator keeps nodes out: it would break the only ones that serve.
 *
 * @throws Failure that names them, with what ends it
 */
export function refuseKeptOut(reports: NodeReport[]): void {
  const kept = reports.flatMap((report) => {
    const found = report.status && shortcomingOf(report);
    return found?.isOrdered && found.lasts ? [shownShortcoming(report.name, found)] : [];
  });
  if (kept.length > 0) throw new Failure(`a drill breaks nodes, and needs all of them. ${kept.join(". ")}`);
}

/**
 * Injects all faults, or the named ones, into a stack that is up; measures their effects and writes a report.
 *
 * @returns 0 if all invariants held, 1 if not, 130 after Ctrl-C
 */
export async function drillStack({ known, machines }: ReachedStack, options: DrillOptions): Promise<number> {
  const { stack, trials, random, seed } = options;
  needsService(
    known,
    "the drill measures a container and its lease: `power-off` breaks such a stack by hand",
  );
  refuseKeptOut(await askNodes(known.nodes));
  const directory = options.report ? fromCaller(options.report) : defaultFolder(stack);
  const session: SessionOptions = {
    ...{ faults: chosen(options), trials, breakable: options.yesBreak ?? [] },
    ...(seed === undefined ? {} : { seed }),
    ...(random ? { randomMinutes: random } : {}),
    ...(options.continue ? { continue: true } : {}),
  };
  // Loaded here: the plotting library takes a second.
  const { stackTestbed } = await import("../../drill/testbed/stack.js");
  const { drillTestbed } = await import("../../drill/session.js");
  const report = await withLock(
    join(dataHome(), "drill"),
    stack,
    async () => {
      const testbed = await stackTestbed(stack, known, machines, say, {
        to: options.writes,
        bootstrapPassword: () => secretOutput(stack, "bootstrapPassword"),
      });
      try {
        return await drillTestbed(testbed, session, directory, { say, judged: showTrial });
      } finally {
        await testbed.end();
      }
    },
    () => say(`another drill of ${stack} runs: waiting for it`),
  );
  say(headline(report));
  say(`report: ${join(directory, "report.html")}`);
  if (options.json) process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
  if (report.interrupted === "Ctrl-C") return 130;
  return allHeld(report) && !report.interrupted ? 0 : 1;
}
