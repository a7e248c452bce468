import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { faults } from "../../drill/faults";
import { takeoverPlot } from "../../drill/plots/takeover-trials";
import { timelinePlot } from "../../drill/plots/timeline";
import { readSummary } from "../../drill/report/files";
import { circumstances, headline, markdown } from "../../drill/report/markdown";
import { packageRoot } from "../../local/root";

const path = (...names: string[]): string => join(packageRoot, ...names);
const read = (...names: string[]): string => readFileSync(path(...names), "utf8");
const summary = readSummary(path("docs", "drill", "summary.json"));

/** Compares a file with what is made from the figures; with UPDATE_DOCS it is written anew. */
function is(file: string, wanted: string): void {
  if (process.env.UPDATE_DOCS) writeFileSync(path(file), wanted);
  else assert.equal(read(file), wanted, `${file}: run \`UPDATE_DOCS=1 npm test -- unit\``);
}

test("the table and the plot that are shown are made from the figures that were measured", () => {
  is("docs/drill/report.md", markdown(summary));
  is("docs/drill/takeover.svg", takeoverPlot(summary.rows) ?? assert.fail());
  assert.ok(summary.example);
  is("docs/drill/power-off.svg", timelinePlot(summary.example));
  assert.ok(statSync(path("docs", "drill", "summary.json")).size < 60_000, "the summary is small");
});

/** What the docs say of the drill: the report in a sentence, when and where it ran, and its lines of some faults. */
function excerpt(names: string[]): string {
  const lines = markdown(summary).split("\n");
  const begin = lines.findIndex((line) => line.startsWith("| fault "));
  const rows = names.flatMap((name) => lines.filter((line) => line.startsWith(`| ${name} |`)));
  assert.ok(rows.length >= 6, `the report has only ${rows.length} of ${names.join(" ")}`);
  const said = [`${headline(summary)}.`, "", `${circumstances(summary)[0]}.`];
  return [...said, "", ...lines.slice(begin, begin + 2), ...rows].join("\n");
}

test("what the docs say of the drill are the report's own lines", () => {
  for (const file of ["README.md", "docs/one-writer.md"]) {
    let found = false;
    const wanted = read(file).replace(
      /(<!-- drill: ([a-z0-9+ -]+) -->\n)[\s\S]*?(<!-- \/drill -->)/,
      (_, start: string, names: string, end: string) => {
        found = true;
        const known = new Set(faults.map(({ name }) => name));
        assert.deepEqual(
          names.split(" ").filter((name) => !known.has(name)),
          [],
          `${file} names faults that are none`,
        );
        return `${start}${excerpt(names.split(" "))}\n${end}`;
      },
    );
    assert.ok(found, `${file} has no lines between <!-- drill: FAULTS --> and <!-- /drill -->`);
    is(file, wanted);
  }
});

test("docs/drill.md names every fault, and the README how many there are", () => {
  const text = read("docs", "drill.md");
  for (const { name } of faults)
    assert.ok(text.includes(`\`${name}\``), `docs/drill.md does not name ${name}`);
  assert.ok(read("README.md").includes(`in ${faults.length} ways`));
});
