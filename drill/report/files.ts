import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { writeAtomicallySync } from "../../local/files";
import { audit } from "../audits/invariants";
import { takeoverPlot } from "../plots/takeover-trials";
import { timelinePlot } from "../plots/timeline";
import type { Recording } from "../recording";
import { html } from "./html";
import { markdown } from "./markdown";
import { type DrillReport, type DrillSummary, reportOf, summaryOf } from "./summary";
import { type TrialResult, trialResult } from "./trial";

/**
 * The folder of a report. raw/ has the recordings, report.json the judged trials, report.html the page with all
 * pictures. summary.json has the figures alone; report.md, takeover.svg and power-off.svg (one trial) are made from it.
 * trials.jsonl has the judged trials without what their pictures are made from, one a line: small enough for git.
 */
export class ReportFolder {
  /** @param directory made when a report is written; the files of an earlier report are replaced */
  constructor(readonly directory: string) {}

  private file(name: string): string {
    return join(this.directory, name);
  }

  /**
   * The trials of an earlier drill. Those in raw/ are judged again; those in report.json or trials.jsonl whose raw data
   * is elsewhere are taken as they are. Trials that could not be carried out are dropped, so that they are tried again.
   *
   * @param check throws if the nodes are not those of the stack
   * @throws if only the summary is there
   */
  resume(check: (nodes: string[]) => void): TrialResult[] {
    const trials = new Map<number, TrialResult>();
    for (const trial of this.judged(check)) if (!trial.problem) trials.set(trial.number, trial);
    for (const file of this.raw()) {
      const recording = readRecording(file);
      check(recording.nodes);
      if (recording.problem) rmSync(file);
      else trials.set(recording.number, trialResult(recording, audit(recording)));
    }
    return [...trials.values()].sort((a, b) => a.number - b.number);
  }

  /** The trials that were judged before: with their timelines, if they were kept. */
  private judged(check: (nodes: string[]) => void): TrialResult[] {
    if (existsSync(this.file("report.json"))) {
      const report = readReport(this.file("report.json"));
      check(report.nodes);
      return report.trials;
    }
    if (!existsSync(this.file("summary.json"))) {
      // They would be written over by the trials of this drill.
      if (existsSync(this.file("trials.jsonl")))
        throw new Error(`${this.file("trials.jsonl")} is of no known stack: put its summary.json there, too`);
      return [];
    }
    if (existsSync(this.file("trials.jsonl"))) {
      check(readSummary(this.file("summary.json")).nodes);
      return readTrials(this.file("trials.jsonl"));
    }
    if (this.raw().length > 0) return [];
    throw new Error(
      `${this.directory} has only the summary of a report: put its trials.jsonl, its report.json, or its folder raw/, there, too`,
    );
  }

  /** Removes the trials of an earlier report. */
  clear(): void {
    const others = ["report.json", "summary.json", "trials.jsonl"].map((name) => this.file(name));
    for (const file of [...this.raw(), ...others]) rmSync(file, { force: true });
  }

  /** A report whose own trials have nothing to draw keeps the example of the one that it continues. */
  private withExample(report: DrillReport): DrillReport {
    if (report.example || !existsSync(this.file("summary.json"))) return report;
    const { example } = readSummary(this.file("summary.json"));
    return example ? { ...report, example } : report;
  }

  /** Keeps the raw data of a trial. */
  keep(recording: Recording): void {
    const name = `${String(recording.number).padStart(3, "0")}-${recording.fault}.json.gz`;
    const file = join(this.file("raw"), name);
    // Complete or not at all: the next drill may continue from it.
    writeAtomicallySync(file, gzipSync(JSON.stringify(recording)));
  }

  /** The files of the raw data, in the order of their trials. */
  raw(): string[] {
    const folder = this.file("raw");
    if (!existsSync(folder)) return [];
    const names = readdirSync(folder).filter((name) => /^\d+-.+\.json\.gz$/.test(name));
    return names
      .sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))
      .map((name) => join(folder, name));
  }

  /** Writes all files of a report but the raw data. */
  write(judged: DrillReport): void {
    mkdirSync(this.directory, { recursive: true });
    const report = this.withExample(judged);
    const summary = summaryOf(report);
    const takeover = takeoverPlot(summary.rows);
    const put = (name: string, content: string): void => writeFileSync(this.file(name), content);
    put("summary.json", `${JSON.stringify(summary, undefined, 1)}\n`);
    put("trials.jsonl", report.trials.map(figuresAlone).join(""));
    put("report.md", markdown(summary));
    if (takeover) put("takeover.svg", takeover);
    if (summary.example) put("power-off.svg", timelinePlot(summary.example));
    put("report.json", `${JSON.stringify(report, undefined, 1)}\n`);
    put("report.html", html(report, takeover));
  }

  /** Writes the report again from the trials that are there. @throws if nothing says where they were made */
  rewrite(): DrillReport {
    const source = ["report.json", "summary.json"].map((name) => this.file(name)).find(existsSync);
    if (source === undefined)
      throw new Error(`${this.directory} is no report of a drill: it has no report.json and no summary.json`);
    const { stack, place, machine, nodes, seed, interrupted, skipped } = readSummary(source);
    const report = reportOf(
      { stack, place, machine, nodes, seed, ...(interrupted ? { interrupted } : {}), skipped },
      this.resume(() => undefined),
    );
    this.write(report);
    return report;
  }
}

/** A line of trials.jsonl. */
const figuresAlone = ({ timeline: _, ...trial }: TrialResult): string => `${JSON.stringify(trial)}\n`;

/** Reads a trials.jsonl. @throws with its name if a line is no trial */
function readTrials(file: string): TrialResult[] {
  const lines = readFileSync(file, "utf8").split("\n").filter(Boolean);
  return lines.map((line, i) => {
    try {
      const trial = JSON.parse(line) as Partial<TrialResult>;
      if (typeof trial.number === "number" && typeof trial.fault === "string" && trial.measures)
        return trial as TrialResult;
    } catch {
      // Said below.
    }
    throw new Error(`${file}: line ${i + 1} is no trial of a drill`);
  });
}

/** Reads the raw data of a trial. */
export const readRecording = (file: string): Recording =>
  JSON.parse(gunzipSync(readFileSync(file)).toString()) as Recording;

/** Reads the figures of a summary.json or report.json. @throws with its name if it is neither */
export function readSummary(file: string): DrillSummary {
  let report: Partial<DrillSummary>;
  try {
    report = JSON.parse(readFileSync(file, "utf8")) as Partial<DrillSummary>;
  } catch (error) {
    throw new Error(`${file} cannot be read as a report: ${error instanceof Error ? error.message : error}`);
  }
  if (report.version !== 2 || !Array.isArray(report.rows))
    throw new Error(`${file} is not the summary.json or report.json of a drill, in version 2`);
  return report as DrillSummary;
}

/** Reads a report.json. @throws with its name if it is none */
export function readReport(file: string): DrillReport {
  const report = readSummary(file);
  if (!("trials" in report) || !Array.isArray(report.trials))
    throw new Error(`${file} is not a full report: it has no trials`);
  return report as DrillReport;
}
