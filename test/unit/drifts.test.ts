import assert from "node:assert/strict";
import { test } from "node:test";
import { page } from "../lab-long/drifts-page";
import { type Drift, drifts } from "../lab-long/drifts-table";

/* That the table of drifts is one, before hours are spent on real machines. */

const batches = new Map<string, Drift[]>();
for (const drift of drifts) batches.set(drift.batch, [...(batches.get(drift.batch) ?? []), drift]);

test("at least twenty drifts, each once", () => {
  assert.ok(drifts.length >= 20, `${drifts.length}`);
  assert.equal(new Set(drifts.map(({ what }) => what)).size, drifts.length);
  assert.equal(new Set(drifts.map(({ on, by }) => `${on}: ${by}`)).size, drifts.length);
});

test("drifts that are done together can be told apart", () => {
  for (const [batch, rows] of batches) {
    const unwell = rows.filter(({ status }) => status?.source.includes("is no standby"));
    assert.ok(unwell.length <= 1, `batch ${batch} has ${unwell.length} that keep the standby from being one`);
    const found = rows.flatMap(({ on, resource }) =>
      resource ? [resource.source.includes("NODE") ? `${on} ${resource.source}` : resource.source] : [],
    );
    // Both change the same resource, each another node, which its words name.
    const shared = found.filter(
      (name) => !name.includes("NODE") && found.indexOf(name) !== found.lastIndexOf(name),
    );
    assert.deepEqual(shared, [], `batch ${batch}`);
    assert.equal(new Set(found).size, found.length, `batch ${batch}`);
  }
});

test("an order is no drift and ends `up` with 2; all else is drift, and `up` mends it", () => {
  for (const { what, resource, mend, status } of drifts) {
    assert.equal(resource === undefined, mend !== undefined, what);
    if (mend) assert.match(status?.source ?? "", /without a standby/, what);
  }
});

test("the page has a row for each, with roles in place of names", () => {
  const names = { standby: "rancher-2", active: "rancher-1" };
  const told = drifts.map((drift) => ({
    ...{
      drift,
      names,
      up: "healthy: rancher-1 has the VIP and serves",
      refresh: drift.resource ? ["x-rancher-2-y"] : [],
    },
    status: drift.status && "rancher-2 is no standby: a | b",
  }));
  const rows = page(told)
    .split("\n")
    .filter((line) => line.startsWith("| ") && !line.startsWith("| ---"));
  assert.equal(rows.length, drifts.length + 1);
  for (const row of rows) {
    assert.equal(row.replaceAll("\\|", "").split(" | ").length, 5, row);
    assert.doesNotMatch(row, /rancher-[12]/);
  }
  assert.match(rows[1] ?? "", /STANDBY is no standby: a \\\| b .*`x-STANDBY-y`.*healthy: ACTIVE/);
});
