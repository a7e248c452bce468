import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { faults } from "../../drill/faults";
import { takeoverPlot } from "../../drill/plots/takeover-trials";
import { timelinePlot } from "../../drill/plots/timeline";
import { readSummary } from "../../drill/report/files";
import { headline, markdown } from "../../drill/report/markdown";
import { packageRoot } from "../../local/root";

const path = (...names: string[]): string => join(packageRoot, ...names);
const read = (...names: string[]): string => readFileSync(path(...names), "utf8");
const summary = readSummary(path("docs", "drill", "summary.json"));

test("the table and the plot that are shown are made from the figures that were measured", () => {
  assert.equal(read("docs", "drill", "report.md"), markdown(summary));
  assert.equal(read("docs", "drill", "takeover.svg"), takeoverPlot(summary.rows));
  assert.ok(summary.example);
  assert.equal(read("docs", "drill", "power-off.svg"), timelinePlot(summary.example));
  assert.ok(statSync(path("docs", "drill", "summary.json")).size < 60_000, "the summary is small");
});

test("what the docs say of the drill are the report's own lines", () => {
  const lines = new Set(markdown(summary).split("\n"));
  for (const file of ["README.md", "docs/one-writer.md"]) {
    const text = read(file);
    assert.ok(text.includes(headline(summary)), `${file} does not say: ${headline(summary)}`);
    const rows = text.split("\n").filter((line) => /^\| [a-z0-9+-]+ \| \d+ \|/.test(line));
    assert.ok(rows.length >= 6, `${file} has ${rows.length} lines of the report's table`);
    for (const row of rows) assert.ok(lines.has(row), `${file}: not a line of the report: ${row}`);
  }
});

test("docs/drill.md names every fault, and the README how many there are", () => {
  const text = read("docs", "drill.md");
  for (const { name } of faults)
    assert.ok(text.includes(`\`${name}\``), `docs/drill.md does not name ${name}`);
  assert.ok(read("README.md").includes(`in ${faults.length} ways`));
});
