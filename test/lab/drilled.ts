import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { DrillReport } from "../../drill/report/summary";
import { data, haRancher } from "./command";

/** Runs a drill on the test's stack, and shows its report. */
export async function drill(
  ...args: string[]
): Promise<{ code: number; report: DrillReport; folder: string }> {
  const folder = mkdtempSync(join(data, "drill-"));
  const { code } = await haRancher("drill", "--report", folder, ...args);
  const file = join(folder, "report.json");
  assert.ok(existsSync(file), "there is no report");
  console.log(readFileSync(join(folder, "report.md"), "utf8"));
  return { code, report: JSON.parse(readFileSync(file, "utf8")) as DrillReport, folder };
}
