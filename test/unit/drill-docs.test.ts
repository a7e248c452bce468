import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { readReport } from "../../drill/report/files";
import { headline, markdown } from "../../drill/report/markdown";
import { packageRoot } from "../../local/root";

const read = (...path: string[]): string => readFileSync(join(packageRoot, ...path), "utf8");
const report = readReport(join(packageRoot, "docs", "drill", "report.json"));

test("the report that is shown is the one that was measured", () => {
  assert.equal(read("docs", "drill", "report.md"), markdown(report));
  assert.ok(read("docs", "drill", "report.html").includes(headline(report)));
});

test("what the docs say of the drill are the report's own lines", () => {
  const lines = new Set(markdown(report).split("\n"));
  for (const file of ["README.md", "docs/one-writer.md"]) {
    const text = read(file);
    assert.ok(text.includes(headline(report)), `${file} does not say: ${headline(report)}`);
    const rows = text.split("\n").filter((line) => /^\| [a-z0-9+-]+ \| \d+ \|/.test(line));
    assert.ok(rows.length >= 6, `${file} has ${rows.length} lines of the report's table`);
    for (const row of rows) assert.ok(lines.has(row), `${file}: not a line of the report: ${row}`);
  }
});
