import assert from "node:assert/strict";
import { test } from "node:test";
import { rollback, shownSnapshot, snapshotsIn } from "../../cli/actions/snapshots";
import { backupUnits, snapshotUnits } from "../../components/backups";
import type { KnownStack } from "../../stack/known-stack";

const one = { name: "at-20261201T101500Z", made: 1_796_120_100, what: "while the service ran" };

test("the list of a node is read in its form alone, and shown without what a terminal would do", () => {
  assert.deepEqual(snapshotsIn(JSON.stringify([one, { ...one, name: "12" }]), "a")[1]?.name, "12");
  assert.match(shownSnapshot(one), /^at-20261201T101500Z {8,}2026-12-01T\S+Z {2}while the service ran$/);
  assert.ok(!shownSnapshot({ ...one, what: "\u001b[2Jx\ny" }).includes("\u001b"));
  const others = [
    "",
    "{}",
    "[1]",
    JSON.stringify([{ ...one, name: "../x" }]),
    JSON.stringify([{ ...one, name: "at-x; rm" }]),
    JSON.stringify([{ ...one, made: -1 }]),
    JSON.stringify([{ ...one, what: "x".repeat(301) }]),
  ];
  for (const text of others)
    assert.throws(() => snapshotsIn(text, "a"), /a does not say which snapshots/, text.slice(0, 60));
});

test("a rollback takes names of snapshots alone, before any node is asked", async () => {
  const known = { nodes: [], vips: undefined } as unknown as KnownStack;
  for (const snapshot of ["../x", "before", "at-1", "0", "at-20261201T101500Z x"])
    await assert.rejects(rollback(known, { stack: "dev", snapshot, yes: true }), /is no name of a snapshot/);
  await assert.rejects(
    rollback(known, { stack: "dev", snapshot: one.name, yes: true }),
    /no node can restore/,
  );
});

test("units: a snapshot by schedule, beside a backup", () => {
  const units = snapshotUnits({ schedule: "*:0/15", keep: 24 });
  assert.deepEqual(Object.keys(units), ["ha-rancher-snapshot.service", "ha-rancher-snapshot.timer"]);
  assert.match(
    units["ha-rancher-snapshot.service"] ?? "",
    /^ExecStart=\S+\/current\/backup\/snapshot "?24"?$/m,
  );
  assert.match(units["ha-rancher-snapshot.timer"] ?? "", /^OnCalendar=.*\*:0\/15/m);
  assert.deepEqual(Object.keys(backupUnits({ schedule: "daily", keep: 7, directory: "/b" })), [
    "ha-rancher-backup.service",
    "ha-rancher-backup.timer",
  ]);
});
