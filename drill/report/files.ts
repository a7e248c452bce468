import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { writeAtomicallySync } from "../../local/files";
import { audit } from "../audits/invariants";
import type { Recording } from "../recording";
import { html } from "./html";
import { markdown } from "./markdown";
import { type DrillReport, type TrialResult, trialResult } from "./summary";
import { takeoverPlot } from "./takeover-plot";

/** Keeps what was recorded, and writes the report into a folder: report.json, .md, .html, takeover.svg, raw/. */
export class ReportFolder {
  /** @param directory made if it is missing; files of a report before are replaced */
  constructor(readonly directory: string) {
    mkdirSync(join(directory, "raw"), { recursive: true });
  }

  /**
   * The trials that are there already: of raw/, judged anew; and of report.json, if their raw data is somewhere else.
   * Those that could not be carried out go, to be tried again.
   *
   * @param check throws if the nodes are not those of the stack
   */
  resume(check: (nodes: string[]) => void): TrialResult[] {
    const trials = new Map<number, TrialResult>();
    const file = join(this.directory, "report.json");
    if (existsSync(file)) {
      const report = readReport(file);
      check(report.nodes);
      for (const trial of report.trials) if (!trial.problem) trials.set(trial.number, trial);
    }
    for (const file of this.raw()) {
      const recording = readRecording(file);
      check(recording.nodes);
      if (recording.problem) rmSync(file);
      else trials.set(recording.number, trialResult(recording, audit(recording)));
    }
    return [...trials.values()].sort((a, b) => a.number - b.number);
  }

  /** Forgets a report before. */
  clear(): void {
    for (const file of [...this.raw(), join(this.directory, "report.json")]) rmSync(file, { force: true });
  }

  /** Keeps the raw data of a trial. */
  keep(recording: Recording): void {
    const name = `${String(recording.number).padStart(3, "0")}-${recording.fault}.json.gz`;
    const file = join(this.directory, "raw", name);
    // Whole or not at all: the next drill may go on from it.
    writeAtomicallySync(file, gzipSync(JSON.stringify(recording)));
  }

  /** The files of the raw data, by the trial's number. */
  raw(): string[] {
    const folder = join(this.directory, "raw");
    const names = readdirSync(folder).filter((name) => /^\d+-.+\.json\.gz$/.test(name));
    return names
      .sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))
      .map((name) => join(folder, name));
  }

  write(report: DrillReport): void {
    const takeover = takeoverPlot(report.trials);
    const put = (name: string, content: string): void => writeFileSync(join(this.directory, name), content);
    put("report.json", `${JSON.stringify(report, undefined, 1)}\n`);
    put("report.md", markdown(report));
    put("report.html", html(report, takeover));
    if (takeover) put("takeover.svg", takeover);
  }
}

/** Reads the raw data of a trial. */
export const readRecording = (file: string): Recording =>
  JSON.parse(gunzipSync(readFileSync(file)).toString()) as Recording;

/** Reads a report.json. @throws with its name if it is none */
export function readReport(file: string): DrillReport {
  let report: Partial<DrillReport>;
  try {
    report = JSON.parse(readFileSync(file, "utf8")) as Partial<DrillReport>;
  } catch (error) {
    throw new Error(`${file} cannot be read as a report: ${error instanceof Error ? error.message : error}`);
  }
  if (report.version !== 1 || !Array.isArray(report.rows))
    throw new Error(`${file} is no report of a drill: a report is the report.json of one`);
  return report as DrillReport;
}
