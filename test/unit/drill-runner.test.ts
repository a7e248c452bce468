import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { faultNamed } from "../../drill/faults";
import { journalFile } from "../../drill/journal";
import { readRecording, readReport } from "../../drill/report/files";
import { allHeld } from "../../drill/report/summary";
import { drillTestbed } from "../../drill/session";
import { Failure } from "../../local/errors";
import { ownHome } from "./cli-support";
import { FakeTestbed, fakePace, silent } from "./drill-fake";
import { drilled } from "./drill-simulated";

test("a stack that keeps what it promises holds, and the report says how it did", async (t) => {
  const { report, testbed, folder } = await drilled(t, {}, ["switchover", "power-off"], { trials: 2 });
  assert.ok(allHeld(report), JSON.stringify(report.rows, undefined, 1));
  assert.deepEqual(
    report.rows.map(({ fault, n, result }) => [fault, n, result]),
    [
      ["switchover", 2, "held"],
      ["power-off", 2, "held"],
    ],
  );
  for (const row of report.rows) {
    assert.ok((row.vipGap?.max ?? 0) >= 15 && (row.vipGap?.max ?? 0) < 5_000, JSON.stringify(row.vipGap));
    assert.ok((row.serviceGap?.median ?? 0) >= 50, JSON.stringify(row.serviceGap));
    assert.deepEqual([row.twoHolders?.max, row.twoWriters?.max, row.lost, row.duplicated], [0, 0, 0, 0]);
    assert.ok((row.acknowledged ?? 0) > 20);
    assert.ok((row.takeover?.median ?? 0) >= 15, JSON.stringify(row.takeover));
  }
  // Healed each time, and nothing is left to be.
  assert.equal(testbed.done.filter((each) => each.endsWith("power-on")).length, 2);
  assert.deepEqual(testbed.broken, []);
  assert.ok(!existsSync(journalFile("fake")));
  // What people and programs read.
  const directory = join(folder, "report");
  assert.deepEqual(readReport(join(directory, "report.json")), JSON.parse(JSON.stringify(report)));
  const page = readFileSync(join(directory, "report.html"), "utf8");
  for (const part of ["switchover", "power-off", "<svg", "two writers", "I7", "client: writes succeed"])
    assert.ok(page.includes(part), part);
  assert.doesNotMatch(page, /(src|href)=|@import|url\(/, "the page needs nothing else");
  assert.match(readFileSync(join(directory, "report.md"), "utf8"), /\| power-off \| 2 \|/);
  const raw = readdirSync(join(directory, "raw"));
  assert.equal(raw.length, 4);
  const recording = readRecording(join(directory, "raw", raw[0] ?? ""));
  assert.ok(recording.client.answers.length > 10 && recording.samples.one?.length);
});

test("an agent that always starts the container is found out, by name", async (t) => {
  const { report } = await drilled(t, { alwaysStarts: true }, ["power-off", "switchover"]);
  assert.equal(allHeld(report), false);
  const switchover = report.rows.find(({ fault }) => fault === "switchover");
  assert.equal(switchover?.result, "broken");
  assert.match(switchover?.breaches.join() ?? "", /I1: the container ran on two nodes for 0\.[2-9]/);
  assert.ok((switchover?.twoWriters?.max ?? 0) > 200);
});

test("what a fault does late is still of its trial", async (t) => {
  const noticesAfter = 130;
  const { report } = await drilled(t, { noticesAfter }, ["nfs-server-restart"]);
  assert.ok(allHeld(report), JSON.stringify(report.rows, undefined, 1));
  const [trial] = report.trials;
  assert.ok((trial?.measures.serviceGap ?? 0) >= 50, JSON.stringify(trial?.measures));
  assert.ok((trial?.timeline?.marks.find(({ text }) => text === "healthy")?.at ?? 0) > noticesAfter);
});

test("nothing is broken before the client has had an answer: what was never there cannot be missed", async (t) => {
  const { report } = await drilled(t, { hesitates: 300 }, ["switchover"]);
  assert.ok((report.rows[0]?.serviceGap?.median ?? 0) >= 50, JSON.stringify(report.rows));
});

test("who is cut off and still answers is cut off until another node serves", async (t) => {
  const noticesAfter = 400;
  const { report } = await drilled(t, { noticesAfter }, ["nfs-partition"]);
  assert.ok(allHeld(report), JSON.stringify(report.rows, undefined, 1));
  const healed = report.trials[0]?.timeline?.marks.find(({ text }) => text === "healed")?.at ?? 0;
  assert.ok(healed > noticesAfter, `healed after ${healed} ms`);
});

test("a lost write is found out", async (t) => {
  const { report } = await drilled(t, { losesWrite: true }, ["switchover"]);
  assert.equal(report.rows[0]?.lost, 1);
  assert.match(report.rows[0]?.breaches.join() ?? "", /^I2: acknowledged writes that are not there: 1/);
});

test("what nobody has looked at does not hold", async (t) => {
  const { report } = await drilled(t, { blind: "two" }, ["switchover"]);
  assert.equal(report.rows[0]?.result, "failed");
  assert.match(report.trials[0]?.problem ?? "", /the recorder of two has no samples/);
  assert.equal(allHeld(report), false);
});

test("a trial in which something else broke is not counted", async (t) => {
  const accident = "the server had ended by itself";
  const { report } = await drilled(t, { accident }, ["switchover"]);
  assert.equal(report.trials[0]?.problem, accident);
  assert.deepEqual([report.rows[0]?.result, report.rows[0]?.n], ["failed", 0]);
  assert.deepEqual(report.rows[0]?.problems, [accident]);
  assert.deepEqual(
    report.trials.map(({ number }) => number),
    [2],
    "it was tried once more",
  );
});

test("a trial that could not be carried out is tried once more, and the second one counts", async (t) => {
  const { report } = await drilled(t, { accident: "once", accidents: 1 }, ["switchover", "container-kill"]);
  assert.ok(allHeld(report), JSON.stringify(report.rows, undefined, 1));
  assert.deepEqual(
    report.rows.map(({ n, problems }) => [n, problems]),
    [
      [1, undefined],
      [1, undefined],
    ],
  );
  assert.deepEqual(
    report.trials.map(({ number }) => number),
    [2, 3],
  );
});

test("what a trial broke counts, also if it could not be carried out to its end", async (t) => {
  const { report } = await drilled(t, { accident: "once", accidents: 1, losesWrite: true }, ["switchover"]);
  assert.deepEqual([report.rows[0]?.result, report.trials.length], ["broken", 1]);
});

test("a VIP that comes late is reported, and breaks nothing", async (t) => {
  const { report } = await drilled(t, { vipDelay: 2_400 }, ["switchover"]);
  assert.equal(report.rows[0]?.result, "slow", JSON.stringify(report.rows));
  assert.match(report.trials[0]?.slow.join() ?? "", /did not answer for 2\.\d\d s, 2\.28 s is promised/);
  assert.ok(allHeld(report));
});

test("a service that stays away is an outage, and the drill goes no further", async (t) => {
  const { report } = await drilled(t, { staysDown: true }, ["agent-kill"], { trials: 2 });
  assert.match(report.rows[0]?.breaches.join() ?? "", /I7: /);
  assert.match(report.interrupted ?? "", /did not become healthy again/);
});

test("a stack that is not healthy is not drilled", async (t) => {
  const folder = ownHome(t);
  const testbed = new FakeTestbed(folder);
  t.after(() => testbed.end());
  await testbed.perform({ at: "node", node: "two", verb: "fill", args: [] });
  const before = testbed.done.length;
  await assert.rejects(
    drillTestbed(
      testbed,
      { faults: [faultNamed("switchover")], trials: 1, breakable: [], pace: fakePace },
      join(folder, "report"),
      silent,
    ),
    (error) => error instanceof Failure && /not healthy.*broken: two/.test(error.message),
  );
  assert.equal(testbed.done.length, before, "nothing was done to it");
});

test("what a place cannot have is left out, with the reason; hosts are spared unless they are named", async (t) => {
  const cannot = new Map([["server", "it is not ours"]] as const);
  const how = { cannot, hosts: ["two"] };
  const { report } = await drilled(t, how, ["nfs-server-restart", "power-off", "switchover"]);
  assert.deepEqual(
    report.skipped.map(({ fault }) => fault),
    ["nfs-server-restart", "power-off"],
  );
  assert.match(report.skipped[1]?.why ?? "", /`--yes-break two`/);
  assert.deepEqual(
    report.rows.map(({ fault }) => fault),
    ["switchover"],
  );
});

test("random faults are injected, healed, and judged as a whole", async (t) => {
  const { report, testbed } = await drilled(t, {}, ["switchover"], { randomMinutes: 0.02 });
  const row = report.rows.find(({ fault }) => fault === "random-faults");
  assert.equal(row?.n, 1, JSON.stringify(report, undefined, 1));
  assert.deepEqual(testbed.broken, [], testbed.done.join("; "));
});
