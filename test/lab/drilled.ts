import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { DrillReport } from "../../drill/report/summary";
import { data, haRancherWithin, usualLimit } from "./command";

interface Drilled {
  code: number;
  report: DrillReport;
  folder: string;
}

/** Runs a drill on the test's stack, and shows its report. */
export const drill = (...args: string[]): Promise<Drilled> => drillWithin(usualLimit, ...args);

/** The same, for `limit` milliseconds at most. */
export async function drillWithin(limit: number, ...args: string[]): Promise<Drilled> {
  const folder = mkdtempSync(join(data, "drill-"));
  const { code } = await haRancherWithin(limit, "drill", "--report", folder, ...args);
  const file = join(folder, "report.json");
  assert.ok(existsSync(file), "there is no report");
  console.log(readFileSync(join(folder, "report.md"), "utf8"));
  return { code, report: JSON.parse(readFileSync(file, "utf8")) as DrillReport, folder };
}
