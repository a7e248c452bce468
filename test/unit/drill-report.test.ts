import assert from "node:assert/strict";
import { appendFileSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { faultNamed } from "../../drill/faults";
import { compare, shownComparison } from "../../drill/report/compare";
import { ReportFolder, readReport, readSummary } from "../../drill/report/files";
import { markdown } from "../../drill/report/markdown";
import { type DrillReport, reportOf, summaryOf } from "../../drill/report/summary";
import { drillTestbed } from "../../drill/session";
import { ownHome } from "./cli-support";
import { FakeTestbed, fakePace, type Misbehaviour, silent } from "./drill-fake";
import { drilled } from "./drill-simulated";

test("a report that was gone on with names its first day and its last", async (t) => {
  const { report } = await drilled(t, {}, ["switchover"], { trials: 2 });
  const on = (...dates: string[]): DrillReport =>
    reportOf(
      report,
      report.trials.map((trial, i) => ({ ...trial, date: `${dates[i]}T12:00:00.000Z` })),
    );
  assert.match(markdown(on("2026-02-03", "2026-01-31")), /^2026-01-31 to 2026-02-03, stack fake/m);
  assert.match(markdown(on("2026-02-03", "2026-02-03")), /^2026-02-03, stack fake/m);
});

test("a drill goes on from the trials of one before; what could not be carried out is done again", async (t) => {
  const folder = ownHome(t);
  const directory = join(folder, "report");
  const again = async (how: Misbehaviour, options: object): Promise<DrillReport> => {
    const testbed = new FakeTestbed(folder, how);
    const faults = [faultNamed("switchover")];
    const all = { faults, trials: 1, breakable: [], pace: fakePace, ...options };
    try {
      return await drillTestbed(testbed, all, directory, silent);
    } finally {
      await testbed.end();
    }
  };
  const numbers = ({ trials }: DrillReport): [number, string][] =>
    trials.map(({ number, fault }) => [number, fault]);

  await again({}, {});
  const blind = await again({ blind: "two" }, { continue: true, trials: 2 });
  assert.equal(blind.rows[0]?.result, "failed");
  assert.match(markdown(blind), /failed: the recorder of two has no samples/);
  const more = await again(
    {},
    {
      ...{ continue: true, trials: 2 },
      faults: ["switchover", "container-kill"].map(faultNamed),
    },
  );
  assert.deepEqual(
    numbers(more).map(([number]) => number),
    [1, 2, 3, 4],
  );
  assert.deepEqual(
    more.rows.map(({ fault, n, result }) => [fault, n, result]),
    [
      ["switchover", 2, "held"],
      ["container-kill", 2, "held"],
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
      ["container-kill", 2],
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

test("a service that must go on is judged by all trials of the fault together", async (t) => {
  const { report } = await drilled(t, { servesOn: true }, ["agent-kill"]);
  const [row] = report.rows;
  assert.deepEqual([row?.result, row?.goesOn, row?.breaches], ["held", true, []]);
  assert.match(markdown(report), /^\| agent-kill .*\| held, the service went on \|$/m);
  assert.match(markdown(report), /; the service went on through 1 of 1 faults that leave its node able/);
  const [trial] = report.trials;
  assert.ok(trial);
  const away = (...gaps: number[]): DrillReport =>
    reportOf(
      report,
      gaps.map((serviceGap) => ({ ...trial, measures: { ...trial.measures, serviceGap } })),
    );
  const once = away(...Array<number>(20).fill(1_000), 8_000);
  assert.equal(once.rows[0]?.result, "held", "the 95th percentile counts");
  const often = away(...Array<number>(9).fill(1_000), 8_000);
  assert.deepEqual(often.rows[0]?.breaches, ["I9: no service for 8.00 s (p95), at most 3.00 s is promised"]);
  assert.match(markdown(often), /went on through 0 of 1/);
  assert.deepEqual(away(1_000, 8_000).rows[0]?.breaches, [], "two trials say nothing about 95 %");
});

test("a service that moves instead of going on is found out", async (t) => {
  const { report } = await drilled(t, {}, ["agent-kill"]);
  assert.equal(report.rows[0]?.result, "broken");
  assert.match(
    report.rows[0]?.breaches.join() ?? "",
    /^I9: two had the lease with epoch 2, .* after the fault; before, one had epoch 1$/,
  );
});

test("two reports are compared: what got better, what got worse", () => {
  const figures = (median: number) => ({ n: 3, median, p95: median, max: median });
  const report = (vip: number, lost: number, result: "held" | "broken"): DrillReport => ({
    ...{
      version: 2,
      from: "",
      to: "",
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

test("a report is written again from its raw data, or from its trials; never from its summary alone", async (t) => {
  const { report, folder } = await drilled(t, {}, ["switchover", "power-off"]);
  const directory = join(folder, "report");
  const file = (name: string): string => join(directory, name);
  const texts = (): string[] =>
    ["summary.json", "report.json", "report.md", "report.html", "takeover.svg"].map((name) =>
      readFileSync(file(name), "utf8"),
    );
  const first = texts();
  assert.deepEqual(readSummary(file("summary.json")), JSON.parse(JSON.stringify(summaryOf(report))));
  assert.throws(() => readReport(file("summary.json")), /it has no trials/);

  for (const lost of ["report.json", "report.html", "report.md"]) rmSync(file(lost));
  new ReportFolder(directory).rewrite();
  assert.deepEqual(texts(), first, "from the raw data");

  rmSync(file("raw"), { recursive: true });
  rmSync(file("report.html"));
  new ReportFolder(directory).rewrite();
  assert.deepEqual(texts(), first, "from the trials");

  rmSync(file("report.json"));
  new ReportFolder(directory).rewrite();
  assert.deepEqual(readSummary(file("summary.json")), JSON.parse(first[0] ?? ""), "from the figures alone");
  assert.deepEqual([texts()[2], texts()[4]], [first[2], first[4]]);
  assert.match(readFileSync(file("report.html"), "utf8"), /Its figures were kept/);

  rmSync(file("report.json"));
  appendFileSync(file("trials.jsonl"), "{}\n");
  assert.throws(() => new ReportFolder(directory).rewrite(), /trials.jsonl: line 3 is no trial/);
  renameSync(file("summary.json"), file("aside"));
  assert.throws(() => new ReportFolder(directory).resume(() => undefined), /is of no known stack/);
  renameSync(file("aside"), file("summary.json"));
  rmSync(file("trials.jsonl"));
  assert.throws(() => new ReportFolder(directory).rewrite(), /has only the summary of a report/);
  assert.throws(() => new ReportFolder(directory).resume(() => undefined), /has only the summary/);
  rmSync(file("summary.json"));
  assert.throws(() => new ReportFolder(directory).rewrite(), /is no report of a drill/);
});
