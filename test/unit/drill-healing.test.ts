import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { faultNamed } from "../../drill/faults";
import { journalFile, openJournal } from "../../drill/journal";
import { readReport } from "../../drill/report/files";
import { allHeld } from "../../drill/report/summary";
import { drillTestbed } from "../../drill/session";
import { ownHome } from "./cli-support";
import { FakeTestbed, fakePace, silent } from "./drill-fake";
import { drilled } from "./drill-simulated";

/* What the drill broke is mended, whatever becomes of the drill. */

test("healing is tried until it succeeds", async (t) => {
  const { report, testbed } = await drilled(t, { failsToHeal: 3 }, ["power-off"]);
  assert.ok(allHeld(report));
  assert.equal(testbed.done.filter((each) => each.endsWith("power-on")).length, 4);
});

/** Starts a drill as a process of its own, and waits until it has broken something. */
async function midway(
  t: TestContext,
  folder: string,
): Promise<{ child: ChildProcess; closed: Promise<number | null> }> {
  const child = spawn(process.execPath, [join(__dirname, "drill-child.js"), folder, "deaf-standby"], {
    stdio: "ignore",
    detached: true,
  });
  t.after(() => child.kill("SIGKILL"));
  const closed = new Promise<number | null>((resolve) => child.once("close", resolve));
  const testbed = new FakeTestbed(folder);
  t.after(() => testbed.end());
  for (let i = 0; testbed.broken.length === 0; i++) {
    assert.ok(i < 2_000 && child.exitCode === null, "nothing was broken");
    await sleep(10);
  }
  return { child, closed };
}

test("Ctrl-C in the middle: healed, reported, code 130", async (t) => {
  const folder = ownHome(t);
  const { child, closed } = await midway(t, folder);
  child.kill("SIGINT");
  assert.equal(await closed, 130);
  const testbed = new FakeTestbed(folder);
  t.after(() => testbed.end());
  assert.deepEqual(testbed.broken, []);
  assert.ok(!existsSync(journalFile("fake")));
  assert.equal(readReport(join(folder, "report", "report.json")).interrupted, "Ctrl-C");
});

test("killed in the middle: the next start heals first", async (t) => {
  const folder = ownHome(t);
  const { child, closed } = await midway(t, folder);
  child.kill("SIGKILL");
  await closed;
  const testbed = new FakeTestbed(folder);
  t.after(() => testbed.end());
  assert.deepEqual(testbed.broken, ["two"]);
  assert.deepEqual(openJournal(journalFile("fake")).pending, [
    { at: "node", node: "two", verb: "uncut", args: ["adverts"] },
  ]);
  const options = { faults: [faultNamed("switchover")], trials: 1, seed: 1, breakable: [], pace: fakePace };
  const report = await drillTestbed(testbed, options, join(folder, "report"), silent);
  assert.equal(testbed.done[0], "two: uncut adverts");
  assert.ok(allHeld(report));
  assert.ok(!existsSync(journalFile("fake")));
});
