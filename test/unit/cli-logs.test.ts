import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { createColors } from "picocolors";
import { logs, shownLine } from "../../cli/actions/logs";
import { isNoise, type LogLine, logLine, Merged, secondsOf } from "../../cli/logs/lines";
import { nodeStream } from "../../cli/logs/node-stream";
import { nodeUnits } from "../../domain/journal-units";
import { packageRoot } from "../../local/root";
import type { KnownNode } from "../../stack/known-stack";
import { putScript, temporaryFolder, withEnvironment } from "./cli-support";

const entry = (fields: object): string =>
  JSON.stringify({ __REALTIME_TIMESTAMP: "1764468000123456", ...fields });

test("lines of the journal and of a container are read; what is neither is none", () => {
  const time = 1764468000123.456;
  for (const [text, expected] of [
    [
      entry({ MESSAGE: "hello", _SYSTEMD_UNIT: "ha-rancher-agent.service" }),
      { source: "agent", text: "hello" },
    ],
    [
      entry({ MESSAGE: "Started", UNIT: "keepalived.service", _SYSTEMD_UNIT: "init.scope" }),
      { source: "keepalived", text: "Started" },
    ],
    [entry({ MESSAGE: [104, 105] }), { source: "?", text: "hi" }],
    [entry({ MESSAGE: null }), { source: "?", text: "" }],
    // A log may hold what would move a terminal's cursor.
    [entry({ MESSAGE: "a\u001b[2J\u001b[31mb\u0007", UNIT: "x" }), { source: "x", text: "a[2Jb" }],
    [
      "2025-11-30T02:00:00.123456789Z from the container",
      { source: "container", text: "from the container" },
    ],
  ] as const) {
    const found = logLine(text);
    assert.equal(found?.text, expected.text);
    assert.equal(found?.source, expected.source);
    assert.ok(Math.abs((found?.time ?? 0) - time) < 1, String(found?.time));
  }
  for (const text of ["", "bash: line 1", "{", '{"MESSAGE":"x"}', "2025-13-40T99:99:99Z x"])
    assert.equal(logLine(text), undefined, text);
});

test("what systemd says at each enabling is left out", () => {
  const said = (text: string): boolean => isNoise({ time: 0, source: "x", text });
  assert.ok(said("Created symlink /etc/systemd/system/multi-user.target.wants/x.service"));
  assert.ok(said(""));
  assert.equal(said("Created the container"), false);
});

test("lines of several nodes come in the order of their times, a late one as soon as it can", () => {
  let now = 0;
  const shown: number[] = [];
  const merged = new Merged<LogLine>(
    ({ time }) => shown.push(time),
    100,
    () => now,
  );
  const add = (time: number): void => merged.add({ time, source: "x", text: "" });
  add(5);
  add(9);
  now = 50;
  add(3);
  add(7);
  merged.flush();
  assert.deepEqual(shown, []);
  now = 100;
  merged.flush();
  assert.deepEqual(shown, [3, 5, 7, 9]);
  add(4);
  add(20);
  merged.flush(true);
  assert.deepEqual(shown, [3, 5, 7, 9, 4, 20]);
});

test("how far back is said in seconds, minutes, hours or days", () => {
  for (const [text, seconds] of [
    ["90", 90],
    ["30s", 30],
    ["10m", 600],
    ["2h", 7_200],
    ["1d", 86_400],
    ["x", undefined],
    ["-1", undefined],
    ["1w", undefined],
    ["", undefined],
  ] as const)
    assert.equal(secondsOf(text), seconds, text);
});

test("a line names its node, in the node's colour, and its further lines are below its text", () => {
  const line = {
    time: new Date(2026, 10, 30, 18, 6, 38, 5).getTime(),
    node: "b",
    source: "agent",
    text: "one\ntwo\n",
  };
  assert.equal(
    shownLine(line, ["rancher-1", "b"], createColors(false)),
    `18:06:38.005 b         agent        one\n${" ".repeat(36)}two`,
  );
  const [first, second] = ["rancher-1", "b"].map((node) =>
    shownLine({ ...line, node }, ["rancher-1", "b"], createColors(true)),
  );
  assert.ok(first?.includes("\u001b[36mrancher-1"));
  assert.ok(second?.includes("\u001b[35mb"));
});

const target = (name: string): KnownNode => ({
  ...{ name, address: "10.0.0.1", user: "root", port: 22, keyFile: "/x", knownHostsFile: "/y", hostKey: "k" },
});

/** `ssh` that runs what it is given here, with a journal and a Docker of our own. */
function fakeNode(t: Parameters<typeof temporaryFolder>[0]): string {
  const bin = temporaryFolder(t);
  putScript(join(bin, "ssh"), ['while [[ $1 != -- ]]; do shift; done; shift; eval "$*"']);
  putScript(join(bin, "journalctl"), [
    `echo '${entry({ MESSAGE: "of the agent", _SYSTEMD_UNIT: "ha-rancher-agent.service" })}'`,
    `printf '%s\\n' "$@" >${bin}/asked`,
    '[[ " $* " != *" --follow "* ]] || exec sleep 1000',
  ]);
  putScript(join(bin, "docker"), [
    "if [[ $1 = ps ]]; then echo rancher-1; exit; fi",
    'echo "2025-11-30T02:00:01Z of the container" >&2',
    '[[ " $* " != *" --follow "* ]] || exec sleep 1000',
  ]);
  withEnvironment(t, { PATH: `${bin}:${process.env.PATH}` });
  return bin;
}

test("a node's script asks the journal for all of our units, and the container", async (t) => {
  const bin = fakeNode(t);
  const lines: LogLine[] = [];
  const why = await nodeStream(target("a"), { seconds: 600, follow: false }, (line) => lines.push(line))
    .ended;
  assert.equal(why, undefined);
  assert.deepEqual(
    lines.map(({ source, text }) => `${source}: ${text}`),
    ["agent: of the agent", "container: of the container"],
  );
  const { stdout: asked } = spawnSync("cat", [join(bin, "asked")], { encoding: "utf8" });
  for (const unit of nodeUnits) assert.match(asked, new RegExp(`^--unit\n${unit}$`, "m"));
  assert.match(asked, /^--since\n-600s$/m);
});

test("a node that sends a line without an end is left", async (t) => {
  const bin = temporaryFolder(t);
  putScript(join(bin, "endless"), [`echo '${entry({ MESSAGE: "one" })}'`, "exec tr '\\0' x </dev/zero"]);
  const lines: LogLine[] = [];
  const stream = nodeStream(
    target("a"),
    { seconds: 600, follow: true },
    (line) => lines.push(line),
    join(bin, "endless"),
  );
  assert.equal(await stream.ended, "it sends a line without an end");
  assert.deepEqual(
    lines.map(({ text }) => text),
    ["one"],
  );
});

test("following ends on the node when the connection does, with all that was started there", async (t) => {
  const bin = fakeNode(t);
  const script = join(packageRoot, "node", "host", "logs");
  // A group of its own, as sshd makes one.
  const child = spawn("bash", [script, "60", "yes", "x"], {
    stdio: ["pipe", "pipe", "ignore"],
    detached: true,
  });
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    said += text;
  });
  while (!/of the agent/.test(said) || !/of the container/.test(said)) await once(child.stdout, "data");
  const group = (): string[] =>
    spawnSync("ps", ["-o", "pid=", "--sid", String(child.pid)], { encoding: "utf8" })
      .stdout.split("\n")
      .filter(Boolean);
  assert.ok(group().length > 1, bin);
  child.stdin.end();
  await once(child, "close");
  for (let i = 0; i < 100 && group().length > 0; i++) await new Promise((resolve) => setTimeout(resolve, 50));
  assert.deepEqual(group(), []);
});

test("a node that cannot be reached hides nothing of the others; a wrong time is refused", async (t) => {
  const bin = fakeNode(t);
  const known = { vip: "", url: "", answers: { path: "/ping" }, nodes: [target("a"), target("b")] };
  await assert.rejects(
    logs(known, { stack: "x", nodes: [], since: "soon" }),
    /`--since` must be a time such as/,
  );
  await assert.rejects(logs(known, { stack: "x", nodes: ["c"] }), /"c" is no node; the nodes are a, b/);
  putScript(join(bin, "ssh"), ["echo 'no route to host' >&2; exit 255"]);
  assert.equal(await logs(known, { stack: "x", nodes: [] }), 1);
});
