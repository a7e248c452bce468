import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { DrillReport } from "../../drill/report/summary";
import { data, haRancherWithin, usualLimit } from "../lab/command";
import { step } from "../lab/steps";
import { downAtTheEnd, type Example, inContainer, withExample } from "./example";

/*
 * PostgreSQL, broken again and again while a client commits transactions: after each trial every index is whole, all of it can be
 * read, and no transaction that was acknowledged is lost. POSTGRES_TRIALS says how often each fault comes; POSTGRES_FAULTS which.
 */

const trials = Number(process.env.POSTGRES_TRIALS ?? "5");
const faults = (
  process.env.POSTGRES_FAULTS ??
  "power-off pause-60s nfs-partition container-kill agent-kill keepalived-kill-both"
).split(" ");

const password = "correct horse battery";
const vip = "192.168.56.60";
const place = `postgres://postgres@${vip}/postgres`;
const example: Example = {
  ...{ name: "postgres", vip, url: `tcp://${vip}:5432` },
  secrets: { "container.environment.POSTGRES_PASSWORD": password },
};
process.env.DRILL_PASSWORD = password;

withExample(example);

const onServer = (program: string, ...options: string[]): Promise<string> =>
  inContainer(program, "--host=/var/run/postgresql", "--username=postgres", ...options, "postgres");

/** Every index is whole and has each row, and all of it can be read. */
async function sound(): Promise<void> {
  await onServer("pg_amcheck", "--install-missing", "--heapallindexed");
  assert.match(await onServer("pg_dump"), /PostgreSQL database dump complete/);
}

const folder = mkdtempSync(join(data, "drill-"));
const read = (name: string): string => readFileSync(join(folder, name), "utf8");
const reported = (): DrillReport => JSON.parse(read("report.json")) as DrillReport;

/** One more trial of a fault, in the same report. */
async function trial(fault: string, count: number): Promise<void> {
  const goesOn = existsSync(join(folder, "report.json")) ? ["--continue"] : [];
  await haRancherWithin(
    usualLimit,
    "drill",
    ...["--report", folder, ...goesOn, "--fault", fault, "--trials", String(count), "--writes", place],
  );
  assert.equal(reported().rows.find((row) => row.fault === fault)?.n, count, fault);
}

for (let count = 1; count <= trials; count++)
  for (const fault of faults)
    step(`${fault}, ${count} of ${trials}: the database is sound afterwards`, async () => {
      await trial(fault, count);
      await sound();
    });

step("no transaction that was acknowledged is lost, there was one writer, and all invariants held", () => {
  console.log(read("report.md"));
  const { rows } = reported();
  assert.deepEqual(rows.map((row) => row.fault).sort(), [...faults].sort());
  for (const { fault, n, acknowledged = 0, lost, duplicated, breaches } of rows) {
    assert.equal(n, trials, fault);
    assert.ok(acknowledged > 20 * n, `${fault}: ${acknowledged} transactions`);
    assert.deepEqual({ lost, duplicated, breaches }, { lost: 0, duplicated: 0, breaches: [] }, fault);
  }
  return Promise.resolve();
});

downAtTheEnd();
