import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { row } from "../../drill/bench/report";
import { type TakeoverCase, table } from "../../drill/bench/takeover-case";
import { takeoverPlot } from "../../drill/plots/takeover-presets";
import { percentile } from "../../drill/statistics";

test("a percentile is a value that was measured, and the share of the others is below it", () => {
  assert.equal(percentile([3, 1, 2], 0.5), 2);
  assert.equal(percentile([1], 0.95), 1);
  assert.deepEqual(row("x", "ms", [10, 30, 20]), {
    case: "x",
    unit: "ms",
    n: 3,
    median: 20,
    p95: 30,
    max: 30,
  });
  assert.throws(() => percentile([], 0.5), /nothing was measured/);
  fc.assert(
    fc.property(
      fc.array(fc.double({ noNaN: true }), { minLength: 1 }),
      fc.double({ min: 0.01, max: 1, noNaN: true }),
      (values, share) => {
        const found = percentile(values, share);
        assert.ok(values.includes(found));
        assert.ok(values.filter((value) => value <= found).length >= share * values.length - 1e-9);
      },
    ),
  );
});

const rows: TakeoverCase[] = ["fast", "steady"].flatMap((preset, i) =>
  ["kill -9", "link down"].map((fault) => ({
    ...{ preset, fault, case: `${preset}, ${fault}`, unit: "ms" as const, n: 10 },
    ...{ median: 600 + i, p95: 690, max: 700.4, formula: 691 },
  })),
);

test("the table has a line for each case", () => {
  const lines = table(rows).trimEnd().split("\n");
  assert.equal(lines.length, 2 + rows.length);
  assert.equal(lines[2], "| fast | kill -9 | 10 | 600 | 690 | 700 | 691 |");
});

test("the plot is an SVG that names presets and faults, and has nothing from elsewhere in it", () => {
  const svg = takeoverPlot(rows);
  for (const name of ["fast", "steady", "kill -9", "link down", "formula", "ms"])
    assert.ok(svg.includes(`>${name}</text>`), name);
  assert.match(svg, /^<svg [\s\S]*<\/svg>$/);
  assert.doesNotMatch(svg, /href=|<script|undefined|NaN/);
});
