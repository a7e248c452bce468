import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { type TestContext, test } from "node:test";
import { createColors } from "picocolors";
import { history } from "../../cli/actions/history";
import { journalStream } from "../../cli/history/journal";
import { type HistoryReport, historyReport } from "../../cli/history/report";
import { shownHistory } from "../../cli/history/show";
import { packageRoot } from "../../local/root";
import { historyOf } from "../../stack/history";
import type { KnownNode, KnownStack } from "../../stack/known-stack";
import { putScript, temporaryFolder, withEnvironment } from "./cli-support";
import { journalsOf, lastOf, linesOf } from "./history-journals";

const target = (name: string): KnownNode => ({
  ...{ name, address: name, user: "root", port: 22, keyFile: "/x", knownHostsFile: "/y", hostKey: "k" },
});
const known: KnownStack = {
  ...{ vip: "", url: "", answers: { path: "/ping" }, nodes: [target("node-a"), target("node-b")] },
};

/** `ssh` that runs here what it is given, on nodes with these journals, whose clock is ahead by some seconds. */
function fakeNodes(t: TestContext, scenario: string, ahead = 0): string {
  const bin = temporaryFolder(t);
  mkdirSync(join(bin, "journals"));
  for (const [node, lines] of Object.entries(linesOf(scenario)))
    writeFileSync(join(bin, "journals", node), lines.map((line) => `${line}\n`).join(""));
  const later = `awk -v t=$time 'BEGIN { printf "%.6f", t + ${ahead} }'`;
  const late = `while read -r word time; do [[ $word = clock ]] && echo "clock $(${later})" || echo "$word $time"; done`;
  putScript(join(bin, "ssh"), [
    'while [[ $1 != -- ]]; do node=$(cut -d@ -f2 <<<"$1"); shift; done; shift',
    "export NODE=$node",
    `eval "$*"${ahead ? ` | ${late}` : ""}`,
  ]);
  putScript(join(bin, "journalctl"), [
    `printf '%s\\n' "$@" >${bin}/asked`,
    `cat ${bin}/journals/$NODE`,
    '[[ " $* " != *" --follow "* ]] || exec sleep 1000',
  ]);
  withEnvironment(t, { PATH: `${bin}:${process.env.PATH}` });
  return bin;
}

async function printed(t: TestContext, run: () => Promise<number>): Promise<{ code: number; text: string }> {
  const said: string[] = [];
  const write = process.stdout.write.bind(process.stdout);
  // The runner's own words go there, too, as bytes.
  const mocked = t.mock.method(process.stdout, "write", (text: string | Uint8Array) =>
    typeof text === "string" ? said.push(text) > 0 : write(text),
  );
  try {
    const code = await run();
    return { code, text: said.join("") };
  } finally {
    mocked.mock.restore();
  }
}

test("the story of both nodes, with why and the steps", async (t) => {
  const bin = fakeNodes(t, "power-off");
  const { code, text } = await printed(t, () => history(known, { stack: "dev", since: "2d" }));
  assert.equal(code, 0);
  assert.match(text, /start {8}node-b \(epoch 1\) {2}well after 3\.\d s\n {4}nobody had the lease\n/);
  assert.match(
    text,
    /failover {5}node-b -> node-a \(epoch 2\) {2}well after 6\.9 s\n {4}node-b was silent\n {4}seen 0\.0 {2}VIP 0\.0 {2}lease 4\.3 {2}mounted 4\.5 {2}started 4\.\d {2}well 6\.9 s/,
  );
  const asked = readFileSync(join(bin, "asked"), "utf8");
  assert.match(asked, /^--since\n-172800s$/m);
  for (const unit of ["ha-rancher-agent", "ha-rancher-lease", "keepalived"])
    assert.match(
      asked,
      new RegExp(`^\\+\n_SYSTEMD_UNIT=${unit}.service\n\\+\nUNIT=${unit}.service\n_PID=1$`, "m"),
    );
  assert.match(asked, /^UNIT=docker.service\n_PID=1$/m);
});

test("with --json the same for programs; with --events each event", async (t) => {
  fakeNodes(t, "switchover");
  const { text } = await printed(t, () => history(known, { stack: "dev", since: "2h", json: true }));
  const report = JSON.parse(text) as HistoryReport;
  const moved = report.entries.find(({ kind }) => kind === "switchover");
  assert.deepEqual([moved?.from, moved?.node, moved?.epoch], ["node-a", "node-b", 2]);
  assert.ok((moved?.phases.well ?? 0) > (moved?.phases.lease ?? 9));
  assert.ok(moved?.events.every(({ at }) => /^2026-/.test(at)));
  for (const { error, clock } of report.nodes) {
    assert.equal(error, null);
    assert.ok(Math.abs(clock?.aheadMilliseconds ?? 999) <= (clock?.uncertaintyMilliseconds ?? 0) + 2);
  }
  const { text: long } = await printed(t, () => history(known, { stack: "dev", since: "2h", events: true }));
  assert.match(long, /node-a agent state: Active -> Stopping: told to hand over/);
});

test("a clock that is wrong is told, and corrected", async (t) => {
  fakeNodes(t, "switchover", 42);
  const { text } = await printed(t, () => history(known, { stack: "dev", since: "2h", json: true }));
  const report = JSON.parse(text) as HistoryReport;
  const first = Math.min(...Object.values(linesOf("switchover")).map(([line]) => stamped(line)));
  const begun = Date.parse(report.entries[0]?.begin ?? "");
  assert.ok(Math.abs(begun - (first - 42_000)) < 3_000);
  const { text: shown } = await printed(t, () => history(known, { stack: "dev", since: "2h" }));
  assert.match(
    shown,
    /node-a's clock is 42\.\d s ahead \(uncertain by \d+ ms\): its times are corrected by that/,
  );
});

const stamped = (line = "{}"): number =>
  Number((JSON.parse(line) as Record<string, string>).__REALTIME_TIMESTAMP) / 1000;

test("a node that does not answer is said; without any it fails", async (t) => {
  const bin = fakeNodes(t, "power-off");
  putScript(join(bin, "real"), readFileSync(join(bin, "ssh"), "utf8").split("\n").slice(1));
  putScript(join(bin, "ssh"), [
    "[[ $* != *@node-b* ]] || { echo 'no route to host' >&2; exit 255; }",
    `exec ${join(bin, "real")} "$@"`,
  ]);
  const { code, text } = await printed(t, () => history(known, { stack: "dev", since: "2d" }));
  assert.equal(code, 0);
  assert.match(text, /node-b is missing, or a part of it: no route to host/);
  assert.match(text, /failover {5}node-b -> node-a/);
  putScript(join(bin, "ssh"), ["echo 'no route to host' >&2; exit 255"]);
  const none = await printed(t, () => history(known, { stack: "dev", since: "2d" }));
  assert.equal(none.code, 1);
  assert.match(none.text, /^nothing has happened since /);
  await assert.rejects(history(known, { stack: "dev", since: "soon" }), /`--since` must be a time such as/);
});

test("a journal that is followed brings what comes, until it is ended", async (t) => {
  const bin = fakeNodes(t, "power-off");
  const program = putScript(join(bin, "following"), [
    "while read -r word && [[ $word == clock ]]; do echo clock $EPOCHREALTIME; done",
    `cat ${join(bin, "journals", "node-a")}`,
    "exec cat",
  ]);
  let changes = 0;
  const options = { seconds: 60, follow: true, program, changed: () => changes++ };
  const stream = journalStream(target("node-a"), options);
  while (stream.journal.entries.length < 10) await new Promise((resolve) => setTimeout(resolve, 20));
  stream.end();
  await stream.ended;
  assert.ok(changes >= 10);
  assert.equal(stream.journal.readings.length, 8);
});

test("a node's script that follows ends with its connection, with all that was started there", async (t) => {
  const bin = fakeNodes(t, "power-off");
  const script = join(packageRoot, "node", "host", "history");
  // A group of its own, as sshd makes one.
  const child = spawn("bash", [script, "60", "yes", "x"], {
    ...{ stdio: ["pipe", "pipe", "ignore"], detached: true, env: { ...process.env, NODE: "node-a" } },
  });
  const lines = createInterface({ input: child.stdout as Readable })[Symbol.asyncIterator]();
  child.stdin?.write("clock\ngo\n");
  assert.match((await lines.next()).value, /^clock \d+\.\d+$/, bin);
  assert.match((await lines.next()).value, /^\{/);
  child.stdin?.end();
  await once(child, "close");
  const left = (): string =>
    spawnSync("ps", ["-o", "pid=", "--sid", String(child.pid)], { encoding: "utf8" }).stdout.trim();
  for (let i = 0; i < 100 && left() !== ""; i++) await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(left(), "");
});

test("an entry under way, and one that nobody saw to its end, are no success", () => {
  const journals = journalsOf("power-off").map((journal) => ({
    ...journal,
    entries: journal.entries.filter(({ text }) => !text.includes("Warming -> Active")),
  }));
  const until = lastOf(journals);
  const report = historyReport("dev", historyOf(journals, until), { since: 0, until, errors: new Map() });
  const text = shownHistory(report, false, createColors(false));
  assert.match(text, /\(epoch 2\) {2}not well yet, as far as is known/);
});
