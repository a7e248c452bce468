import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { drillGround } from "../../cli/drill";
import { journalFile, openJournal } from "../../drill/journal";
import { compare, shownComparison } from "../../drill/report/compare";
import { readRecording, readReport } from "../../drill/report/files";
import { markdown } from "../../drill/report/markdown";
import { allHeld, type DrillReport } from "../../drill/report/summary";
import { Refused } from "../../drill/runner";
import { ownHome } from "./cli-support";
import { FakeGround, fakePace, type Misbehaviour } from "./drill-fake";

/** Drills a simulated stack in a home of its own. */
async function drilled(
  t: TestContext,
  how: Misbehaviour,
  fault: string[],
  options: { trials?: number; nemesis?: number } = {},
): Promise<{ report: DrillReport; ground: FakeGround; folder: string }> {
  const folder = ownHome(t);
  const ground = new FakeGround(folder, how);
  try {
    const all = { stack: "fake", fault, trials: 1, seed: 7, pace: fakePace, ...options };
    return { report: await drillGround(ground, all, join(folder, "report")), ground, folder };
  } finally {
    await ground.end();
  }
}

test("a stack that keeps what it promises holds, and the report says how it did", async (t) => {
  const { report, ground, folder } = await drilled(t, {}, ["switchover", "power-off"], { trials: 2 });
  assert.ok(allHeld(report), JSON.stringify(report.rows, undefined, 1));
  assert.deepEqual(
    report.rows.map(({ fault, n, result }) => [fault, n, result]),
    [
      ["switchover", 2, "held"],
      ["power-off", 2, "held"],
    ],
  );
  for (const row of report.rows) {
    assert.ok((row.vipGap?.max ?? 0) >= 15 && (row.vipGap?.max ?? 0) < 1_500, JSON.stringify(row.vipGap));
    assert.ok((row.serviceGap?.median ?? 0) >= 50, JSON.stringify(row.serviceGap));
    assert.deepEqual([row.twoHolders?.max, row.twoWriters?.max, row.lost, row.duplicated], [0, 0, 0, 0]);
    assert.ok((row.acknowledged ?? 0) > 20);
    assert.ok((row.takeover?.median ?? 0) >= 15, JSON.stringify(row.takeover));
  }
  // Healed each time, and nothing is left to be.
  assert.equal(ground.done.filter((each) => each.endsWith("power-on")).length, 2);
  assert.deepEqual(ground.broken, []);
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

test("a report that was gone on with names its first day and its last", async (t) => {
  const { report } = await drilled(t, {}, ["switchover"], { trials: 2 });
  const on = (...dates: string[]): DrillReport => ({
    ...report,
    trials: report.trials.map((trial, i) => ({ ...trial, date: `${dates[i]}T12:00:00.000Z` })),
  });
  assert.match(markdown(on("2026-02-03", "2026-01-31")), /^2026-01-31 to 2026-02-03, stack fake/m);
  assert.match(markdown(on("2026-02-03", "2026-02-03")), /^2026-02-03, stack fake/m);
});

test("a guard that always starts the container is found out, by name", async (t) => {
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
  assert.ok((trial?.scene.marks.find(({ text }) => text === "healthy")?.at ?? 0) > noticesAfter);
});

test("who is cut off and still answers is cut off until another node serves", async (t) => {
  const noticesAfter = 400;
  const { report } = await drilled(t, { noticesAfter }, ["nfs-partition"]);
  assert.ok(allHeld(report), JSON.stringify(report.rows, undefined, 1));
  const healed = report.trials[0]?.scene.marks.find(({ text }) => text === "healed")?.at ?? 0;
  assert.ok(healed > noticesAfter, `healed after ${healed} ms`);
});

test("a lost write is found out", async (t) => {
  const { report } = await drilled(t, { losesWrite: true }, ["switchover"]);
  assert.equal(report.rows[0]?.lost, 1);
  assert.match(report.rows[0]?.breaches.join() ?? "", /^I2: acknowledged writes that are not there: 1/);
});

test("a drill goes on from the trials of one before; what could not be carried out is done again", async (t) => {
  const folder = ownHome(t);
  const directory = join(folder, "report");
  const again = async (how: Misbehaviour, options: object): Promise<DrillReport> => {
    const ground = new FakeGround(folder, how);
    const all = { stack: "fake", fault: ["switchover"], trials: 1, pace: fakePace, ...options };
    try {
      return await drillGround(ground, all, directory);
    } finally {
      await ground.end();
    }
  };
  const numbers = ({ trials }: DrillReport): [number, string][] =>
    trials.map(({ number, fault }) => [number, fault]);

  await again({}, {});
  const blind = await again({ blind: "two" }, { continue: true, trials: 2 });
  assert.equal(blind.rows[0]?.result, "failed");
  const more = await again({}, { continue: true, trials: 2, fault: ["switchover", "keepalived-term"] });
  assert.deepEqual(
    numbers(more).map(([number]) => number),
    [1, 2, 3, 4],
  );
  assert.deepEqual(
    more.rows.map(({ fault, n, result }) => [fault, n, result]),
    [
      ["switchover", 2, "held"],
      ["keepalived-term", 2, "held"],
    ],
  );
  const page = readFileSync(join(directory, "report.html"), "utf8");
  assert.equal(page.match(/<summary>Trial \d/g)?.length, 4);
  assert.equal(page.match(/<summary>Trial \d.*?<svg/gs)?.length, 4, "the old ones are drawn, too");

  rmSync(join(directory, "raw"), { recursive: true });
  const elsewhere = await again({}, { continue: true, trials: 3 });
  assert.deepEqual(
    elsewhere.rows.map(({ fault, n }) => [fault, n]),
    [
      ["switchover", 3],
      ["keepalived-term", 2],
    ],
    "a report is gone on with on another machine, without its raw data",
  );
  assert.deepEqual(
    elsewhere.trials.slice(0, 4),
    JSON.parse(JSON.stringify(more.trials)),
    "its trials are what they were",
  );
  const drawn = readFileSync(join(directory, "report.html"), "utf8");
  assert.equal(drawn.match(/<summary>Trial \d.*?<svg/gs)?.length, 5);

  const fresh = await again({}, {});
  assert.deepEqual(numbers(fresh), [[1, "switchover"]]);
  assert.equal(readdirSync(join(directory, "raw")).length, 1, "a new report has nothing of the old one");
});

test("what nobody has looked at does not hold", async (t) => {
  const { report } = await drilled(t, { blind: "two" }, ["switchover"]);
  assert.equal(report.rows[0]?.result, "failed");
  assert.match(report.trials[0]?.problem ?? "", /the recorder of two told nothing/);
  assert.equal(allHeld(report), false);
});

test("a trial in which something else broke is not counted", async (t) => {
  const accident = "the server had ended by itself";
  const { report } = await drilled(t, { accident }, ["switchover"]);
  assert.equal(report.trials[0]?.problem, accident);
  assert.deepEqual([report.rows[0]?.result, report.rows[0]?.n], ["failed", 0]);
});

test("a VIP that comes late is told of, and breaks nothing", async (t) => {
  const { report } = await drilled(t, { vipDelay: 2_400 }, ["keepalived-term"]);
  assert.equal(report.rows[0]?.result, "slow", JSON.stringify(report.rows));
  assert.match(report.trials[0]?.slow.join() ?? "", /did not answer for 2\.\d\d s, 2\.28 s is promised/);
  assert.ok(allHeld(report));
});

test("a service that stays away is an outage, and the drill goes no further", async (t) => {
  const { report } = await drilled(t, { staysDown: true }, ["guard-kill"], { trials: 2 });
  assert.match(report.rows[0]?.breaches.join() ?? "", /I7: /);
  assert.match(report.interrupted ?? "", /did not become healthy again/);
});

test("a stack that is not healthy is not drilled", async (t) => {
  const folder = ownHome(t);
  const ground = new FakeGround(folder);
  t.after(() => ground.end());
  await ground.perform({ at: "node", node: "two", verb: "fill", args: [] });
  const before = ground.done.length;
  await assert.rejects(
    drillGround(
      ground,
      { stack: "fake", fault: ["switchover"], trials: 1, pace: fakePace },
      join(folder, "report"),
    ),
    (error) => error instanceof Refused && /not healthy.*broken: two/.test(error.message),
  );
  assert.equal(ground.done.length, before, "nothing was done to it");
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

test("healing is tried until it succeeds", async (t) => {
  const { report, ground } = await drilled(t, { failsToHeal: 3 }, ["power-off"]);
  assert.ok(allHeld(report));
  assert.equal(ground.done.filter((each) => each.endsWith("power-on")).length, 4);
});

test("a nemesis injects, heals, and is judged as a whole", async (t) => {
  const { report, ground } = await drilled(t, {}, ["switchover"], { nemesis: 0.02 });
  const row = report.rows.find(({ fault }) => fault === "nemesis");
  assert.equal(row?.n, 1, JSON.stringify(report, undefined, 1));
  assert.deepEqual(ground.broken, []);
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

test("two reports are compared: what got better, what got worse", () => {
  const figures = (median: number) => ({ n: 3, median, p95: median, max: median });
  const report = (vip: number, lost: number, result: "held" | "broken"): DrillReport => ({
    ...{
      version: 1,
      date: "",
      stack: "",
      place: "",
      machine: "",
      nodes: [],
      seed: 1,
      skipped: [],
      trials: [],
    },
    rows: [
      { fault: "power-off", what: "", n: 3, vipGap: figures(vip), lost, result, breaches: [] },
      { fault: "switchover", what: "", n: 3, vipGap: figures(120), result: "held", breaches: [] },
    ],
  });
  const worse = compare(report(700, 0, "held"), report(1_400, 2, "broken"));
  assert.deepEqual(
    worse.changes.map(({ better }) => better),
    [false, false, false],
  );
  assert.match(
    shownComparison(worse),
    /worse\n {2}power-off: held -> broken\n {2}.*0\.700 s -> 1\.40 s \(\+100 %\)\n {2}.*lost writes 0 -> 2\n1 faults as before/,
  );
  assert.equal(compare(report(700, 0, "held"), report(710, 0, "held")).changes.length, 0, "noise is none");
});
