import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { drillGround } from "../../cli/actions/drill";
import { journalFile, openJournal } from "../../drill/journal";
import { readReport } from "../../drill/report/files";
import { allHeld } from "../../drill/report/summary";
import { ownHome } from "./cli-support";
import { FakeGround, fakePace } from "./drill-fake";
import { drilled } from "./drill-simulated";

/* What the drill broke is mended, whatever becomes of the drill. */

test("healing is tried until it succeeds", async (t) => {
  const { report, ground } = await drilled(t, { failsToHeal: 3 }, ["power-off"]);
  assert.ok(allHeld(report));
  assert.equal(ground.done.filter((each) => each.endsWith("power-on")).length, 4);
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
  const ground = new FakeGround(folder);
  t.after(() => ground.end());
  for (let i = 0; ground.broken.length === 0; i++) {
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
  const ground = new FakeGround(folder);
  t.after(() => ground.end());
  assert.deepEqual(ground.broken, []);
  assert.ok(!existsSync(journalFile("fake")));
  assert.equal(readReport(join(folder, "report", "report.json")).interrupted, "Ctrl-C");
});

test("killed in the middle: the next start heals first", async (t) => {
  const folder = ownHome(t);
  const { child, closed } = await midway(t, folder);
  child.kill("SIGKILL");
  await closed;
  const ground = new FakeGround(folder);
  t.after(() => ground.end());
  assert.deepEqual(ground.broken, ["two"]);
  assert.deepEqual(openJournal(journalFile("fake")).pending, [
    { at: "node", node: "two", verb: "uncut", args: ["adverts"] },
  ]);
  const options = { stack: "fake", fault: ["switchover"], trials: 1, seed: 1, pace: fakePace };
  const report = await drillGround(ground, options, join(folder, "report"));
  assert.equal(ground.done[0], "two: uncut adverts");
  assert.ok(allHeld(report));
  assert.ok(!existsSync(journalFile("fake")));
});
