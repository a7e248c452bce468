import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { failures, failuresOf } from "../../cli/actions/failures";
import { fenceConfirm } from "../../cli/actions/fence-confirm";
import { allow, ban, pause, prefer, resume } from "../../cli/actions/orders";
import { start, stop } from "../../cli/actions/stop-start";
import { checkedReason, isDown, stopOrder, untilAll } from "../../stack/orders";
import { agentStack } from "./agent-nodes";
import { temporaryFolder } from "./cli-support";
import { httpsServer } from "./https-server";
import { node, serving, silent, waiting } from "./reported-nodes";

const logIn = (t: Parameters<typeof temporaryFolder>[0]): string => join(temporaryFolder(t), "log");

test("a reason is one line that says something", () => {
  assert.equal(checkedReason("  NFS is moved "), "NFS is moved");
  for (const wrong of ["", "   ", "-rf", "a\nb", "a\u0000b", "x".repeat(301)])
    assert.throws(() => checkedReason(wrong), { name: "Failure", exitCode: 2 }, JSON.stringify(wrong));
});

test("all nodes are paused, with the reason as one word, whatever is in it", async (t) => {
  const { known, told } = await agentStack(t, logIn(t));
  const reason = `it's "$(reboot)" & \`more\``;
  assert.equal(await pause(known, "dev", reason), 0);
  assert.deepEqual(
    told().sort(),
    ["a", "b", "c"].map((name) => `${name}: pause ${reason}`),
  );
  assert.equal(await resume(known, "dev"), 0);
  assert.equal(told().filter((line) => line.endsWith(": resume")).length, 3);
});

test("a node that is not reached, or refuses, is named; the others are told", async (t) => {
  const { known, b, c, told } = await agentStack(t, logIn(t));
  b.isReplaced = true;
  c.refuses("the order cannot be written down, and is not given: no space left");
  await assert.rejects(pause(known, "dev", "a reason"), {
    name: "Failure",
    message:
      /^b was not told: .*; c was not told: the order cannot be written down.*no space left; a was told; `npm run pause -- 'a reason'` can be repeated$/,
  });
  assert.ok(told().includes("a: pause a reason"));
});

test("the standbys are told to stop before the owner, and it is waited for", async (t) => {
  const { known, told } = await agentStack(t, logIn(t));
  assert.equal(await stop(known, "dev", "a new disk"), 0);
  assert.deepEqual(told().slice(0, 2).sort(), ["b: halt a new disk", "c: halt a new disk"]);
  assert.deepEqual(told().slice(2), ["a: halt a new disk"]);
});

test("a service that does not end, or a node that was not told to stop, is no success", async (t) => {
  const { known, b } = await agentStack(t, logIn(t));
  b.isReplaced = true;
  await assert.rejects(
    stop(known, "dev", "a new disk"),
    /^Failure: b was not told: .*; c and a were told; `npm run stop -- 'a new disk'`/,
  );
  const looks = [
    [node("a", serving)],
    [node("a", { ...serving, agent: { state: "stopping", reason: "told" } })],
  ];
  const said: string[] = [];
  const how = {
    look: async () => looks.shift() ?? [silent("a")],
    say: (line: string) => void said.push(line),
  };
  await assert.rejects(
    untilAll(isDown, "it has not ended", { ...how, limit: 1_000, pause: 10 }),
    /^Failure: it has not ended: a does not answer \(does not answer\)$/,
  );
  assert.deepEqual(said, ["a is active", "a is stopping (told)", "a does not answer (does not answer)"]);
});

test("who is told last, and what counts as down, is by what was measured", () => {
  const lost = { ...waiting, container: { state: "running" } };
  const reports = [node("a", serving), silent("b"), node("c", lost), node("d", waiting)];
  assert.deepEqual(stopOrder(reports), [
    ["b", "d"],
    ["a", "c"],
  ]);
  assert.deepEqual(reports.map(isDown), [false, false, false, true]);
  assert.equal(isDown(node("e", { ...waiting, mounts: { data: true } })), false);
  assert.equal(isDown(node("e", { ...waiting, container: { state: "exited", live: true } })), false);
});

test("a paused stack is neither stopped nor started", async (t) => {
  const { known, b, told } = await agentStack(t, logIn(t));
  b.status = { ...waiting, orders: { paused: "NFS is moved" } };
  for (const act of [() => stop(known, "dev", "a reason"), () => start(known, "dev")])
    await assert.rejects(
      act(),
      /^Failure: the agents are paused \(NFS is moved on b\), .*`npm run resume` first$/,
    );
  assert.deepEqual(told(), []);
});

test("all nodes are told to start, and the service is waited for", async (t) => {
  const { known, told } = await agentStack(t, logIn(t));
  let asked = 0;
  const { url, end } = await httpsServer((_, response) => response.end(++asked > 1 ? "pong" : "not yet"));
  t.after(end);
  assert.equal(await start({ ...known, nodes: known.nodes, url }, "dev"), 0);
  assert.deepEqual(told().sort(), ["a: start", "b: start", "c: start"]);
  assert.equal(asked, 2);
});

test("a banned node hands over first; the last one that could serve is not banned", async (t) => {
  const { known, b, c, told } = await agentStack(t, logIn(t));
  assert.equal(await ban(known, { stack: "dev", node: "a", reason: "bad memory" }), 0);
  assert.deepEqual(told(), ["a: ban bad memory"]);
  for (const each of [b, c])
    each.status = { ...waiting, vrrpState: "FAULT", agent: { state: "standby", fault: "no NFS" } };
  await assert.rejects(
    ban(known, { stack: "x", node: "a", reason: "bad memory" }),
    /^Failure: without a no node could serve: b is no standby: no NFS.*`npm run stop -- --stack x 'bad memory'`/,
  );
  assert.equal(told().length, 1);
  assert.equal(await allow(known, "dev", "a"), 0);
  assert.equal(told().at(-1), "a: allow");
  await assert.rejects(allow(known, "dev", "d"), /"d" is no node; the nodes are a, b, c/);
});

test("all nodes are told which one is preferred, or that none is", async (t) => {
  const { known, told } = await agentStack(t, logIn(t));
  assert.equal(await prefer(known, "dev", "b"), 0);
  assert.deepEqual(told().sort(), ["a: prefer b", "b: prefer b", "c: prefer b"]);
  assert.equal(await prefer(known, "dev", "none"), 0);
  assert.equal(told().filter((line) => line.endsWith(": prefer ")).length, 3);
  await assert.rejects(prefer(known, "dev", "d"), /"d" is no node/);
});

test("failures are shown for each node, and forgotten on all", async (t) => {
  const { known, b, told } = await agentStack(t, logIn(t));
  b.status = { ...waiting, health: { failures: 2, failure: "its container ended" } };
  assert.equal(await failures(known, { stack: "dev", json: true }), 1, "a and c do not say it");
  assert.deepEqual(failuresOf(node("b", { health: { failures: 2, failure: "it ended" } })), {
    ...{ node: "b", failures: 2, why: "it ended" },
  });
  assert.deepEqual(failuresOf(silent("c")), { node: "c", failures: null, why: "does not answer" });
  assert.equal(await failures(known, { stack: "dev", clear: true }), 0);
  assert.deepEqual(
    told().sort(),
    ["a", "b", "c"].map((name) => `${name}: failures --clear`),
  );
});

test("a node's death is confirmed to the others, and only if it does not answer", async (t) => {
  const { known, a, told } = await agentStack(t, logIn(t));
  const yes = { stack: "dev", node: "a", yes: true };
  await assert.rejects(
    fenceConfirm(known, yes),
    /^Failure: a is not off, and nobody is told so: it answers over SSH$/,
  );
  a.isReplaced = true;
  await assert.rejects(fenceConfirm(known, yes), /a is not off, .* is not the machine that was pinned/);
  a.isReplaced = false;
  await a.server.pause();
  await assert.rejects(fenceConfirm(known, { ...yes, yes: false }), (error: Error) =>
    /no terminal to ask on.*two nodes write the same data.*`npm run fence-confirm -- --yes a`/s.test(
      error.message,
    ),
  );
  assert.deepEqual(told(), []);
  assert.equal(await fenceConfirm(known, yes), 0);
  assert.deepEqual(told().sort(), ["b: fence-confirm a", "c: fence-confirm a"]);
});
