import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { isSummary, readCounts, sum, summaryLines } from "../../cli/test/counts";
import type { Job } from "../../cli/test/job";
import { fileJob } from "../../cli/test/jobs";
import { leftovers, lookBefore } from "../../cli/test/leftovers";
import { runJobs } from "../../cli/test/run-layer";
import { TestRun } from "../../cli/test/test-run";
import { marked } from "../../local/marked";
import { tryRun } from "../../local/run";
import { put, temporaryFolder } from "./cli-support";

/** A file of tests. */
function file(folder: string, name: string, lines: string[]): Job {
  put(join(folder, `${name}.test.js`), ['const { test } = require("node:test");', ...lines, ""].join("\n"));
  return fileJob("planted", `${name}.test.js`, folder);
}

function aRun(t: TestContext): TestRun {
  const run = new TestRun();
  t.after(() => run.end());
  return run;
}

const passing = ['test("passes", () => {});'];

test("jobs: counts are added up, what fails is named, and each file's lines stay together", async (t) => {
  const folder = temporaryFolder(t);
  const jobs = [
    file(folder, "a", [
      ...passing,
      'test("is skipped", { skip: true }, () => {});',
      'console.log("said by a");',
    ]),
    file(folder, "b", [...passing, 'test("fails", () => { throw new Error("planted") });']),
    file(folder, "c", ["process.exit(3);"]),
    file(folder, "d", []),
  ];
  const said: string[] = [];
  const { results, interrupted } = await runJobs(jobs, aRun(t), 60, 2, (line) => said.push(line));
  assert.equal(interrupted, false);
  const failures = Object.fromEntries(results.map(({ name, failure }) => [name, failure]));
  assert.deepEqual(failures, {
    "planted/a.test.js": undefined,
    "planted/b.test.js": "it ended with code 1",
    "planted/c.test.js": "it ended with code 3",
    "planted/d.test.js": "it ran no test",
  });
  const text = said.join("\n");
  assert.match(
    text,
    /^ℹ tests 6\nℹ suites 0\nℹ pass 2\nℹ fail 3\nℹ cancelled 0\nℹ skipped 1\nℹ todo 0\nℹ duration_ms \d/m,
  );
  assert.equal(text.match(/^ℹ tests/gm)?.length, 1, "only the layer's own counts");
  assert.match(text, /^✖ planted\/c\.test\.js: it ended with code 3$/m);
  assert.ok(said.some((lines) => /^--- planted\/a\.test\.js/.test(lines) && lines.includes("said by a")));
});

test("a file that hangs is named with its processes, which are all ended, and the run goes on and fails", async (t) => {
  const folder = temporaryFolder(t);
  const run = aRun(t);
  const jobs = [
    file(folder, "hangs", [
      'const child = require("node:child_process").spawn("sleep", ["601"], { detached: true, stdio: "ignore" });',
      "child.unref();",
      // As in a deadlock: no timer, no signal handler runs.
      'test("hangs", () => { for (;;); });',
    ]),
    file(folder, "goes-on", passing),
  ];
  const said: string[] = [];
  const { results } = await runJobs(jobs, run, 3, 1, (line) => said.push(line));
  const [hung, next] = results;
  assert.match(hung?.failure ?? "", /its limit of 3 s.*\n.*hangs\.test\.js/);
  assert.match(hung?.failure ?? "", /^ {4}\d+ sleep 601$/m);
  assert.deepEqual([hung?.counts?.fail, next?.failure, next?.counts?.pass], [1, undefined, 1]);
  assert.deepEqual(run.processes(), []);
});

test("what a test leaves is found and named: process, files, namespace", async (t) => {
  const folder = temporaryFolder(t);
  const repository = join(folder, "repository");
  put(join(repository, "old"), "");
  const before = lookBefore(repository);
  const run = aRun(t);
  const leaving = file(join(folder, "tests"), "leaves", [
    'const { spawn } = require("node:child_process");',
    'const { writeFileSync, mkdtempSync } = require("node:fs");',
    'const { join } = require("node:path");',
    'test("leaves", () => {',
    '  spawn("sleep", ["602"], { detached: true, stdio: "ignore" }).unref();',
    '  mkdtempSync(join(require("node:os").tmpdir(), "left-"));',
    '  writeFileSync(join(process.env.HA_RANCHER_TEST_MEMORY, "left"), "");',
    `  writeFileSync(${JSON.stringify(join(repository, "new"))}, "");`,
    "});",
  ]);
  const clean = file(join(folder, "tests"), "clean", passing);
  await runJobs([clean], run, 60, 1, () => {});
  assert.deepEqual(await leftovers(run, before, repository), []);

  await runJobs([leaving], run, 60, 1, () => {});
  const left = (await leftovers(run, before, repository)).join("\n");
  assert.match(left, /^planted\/leaves\.test\.js left process \d+: sleep 602$/m);
  assert.match(left, /^planted\/leaves\.test\.js left \/\S+\/left-\w+$/m);
  assert.match(left, /^planted\/leaves\.test\.js left \/\S+\/left$/m);
  assert.match(left, /^a test left new in the repository$/m);
  await run.end();
  assert.ok(Object.values(run.folders).every((each) => !existsSync(each)));
  assert.deepEqual(run.processes(), []);
});

test("a network namespace that a test leaves is found", { skip: process.getuid?.() !== 0 }, async (t) => {
  const before = lookBefore(temporaryFolder(t));
  const { pid } = spawnSync("true");
  const name = `hrt-left-${pid}`;
  const working = `hrt-works-${process.pid}`;
  for (const each of [name, working]) {
    const made = await tryRun("ip", ["netns", "add", each]);
    t.after(() => tryRun("ip", ["netns", "del", each]));
    assert.equal(made.code, 0, made.stderr);
  }
  const left = await leftovers(aRun(t), before, temporaryFolder(t));
  assert.ok(
    left.some((line) => line.includes(`the network namespace ${name}: remove it`)),
    left.join("\n"),
  );
});

test("when the run itself is killed, all that it started ends", async (t) => {
  const folder = temporaryFolder(t);
  const job = file(folder, "long", [
    'require("node:child_process").spawn("sleep", ["603"], { detached: true, stdio: "ignore" }).unref();',
    'test("is long", () => new Promise((resolve) => setTimeout(resolve, 600_000)));',
  ]);
  const modules = ["test-run", "run-layer"].map((name) => require.resolve(`../../cli/test/${name}.js`));
  const script = `
    const [{ TestRun }, { runJobs }] = ${JSON.stringify(modules)}.map(require);
    const run = new TestRun();
    console.log(JSON.stringify(run.folders));
    runJobs([${JSON.stringify(job)}], run, 600, 1, () => {});
  `;
  const env = { ...process.env, HA_RANCHER_TEST_RUN: `killed-${process.pid}` };
  const child = spawn(process.execPath, ["-e", script], { env, stdio: ["ignore", "pipe", "inherit"] });
  const [text] = (await once(child.stdout, "data")) as [Buffer];
  const folders = JSON.parse(String(text)) as TestRun["folders"];
  t.after(() => {
    for (const each of Object.values(folders)) rmSync(each, { recursive: true });
  });
  const jobs = () => marked("HA_RANCHER_TEST_RUN", `killed-${process.pid}.`);
  while (jobs().length < 2) await sleep(50);
  child.kill("SIGKILL");
  const end = Date.now() + 10_000;
  while (jobs().length > 0) {
    assert.ok(
      Date.now() < end,
      jobs()
        .map(({ command }) => command)
        .join("\n"),
    );
    await sleep(50);
  }
});

test("the closing lines are those of Node's own runner", () => {
  const counts = { tests: 7, suites: 1, pass: 3, fail: 1, cancelled: 1, skipped: 1, todo: 1 };
  const lines = summaryLines(counts, 1.5);
  assert.ok(lines.every(isSummary));
  assert.deepEqual(readCounts(`ℹ tests 1\n${lines.join("\n")}\n\n✖ failing tests:\n`), counts);
  assert.equal(readCounts("ℹ tests 1\nℹ pass 1\n"), undefined);
  assert.equal(sum([counts, counts]).tests, 14);
});
