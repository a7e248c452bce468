import assert from "node:assert/strict";
import { test } from "node:test";
import { createColors } from "picocolors";
import { frame } from "../../cli/watch";
import { Events, type Gap, type Look } from "../../cli/watch/events";
import { Gaps } from "../../cli/watch/gaps";
import { glanceOf } from "../../cli/watch/glance";
import { Looks } from "../../cli/watch/looks";
import type { KnownStack } from "../../stack/known-stack";
import type { NodeReport } from "../../stack/node-report";
import type { PingReport } from "../../stack/verdict";
import { no, node, serving, silent, waiting, yes } from "./reported-nodes";

const at = (seconds: number, nodes: NodeReport[], ping: PingReport = yes): Look => ({
  at: seconds * 1000,
  nodes,
  ping,
});
const gap = (from: number, to: number): Gap => ({ from: from * 1000, to: to * 1000 });

test("a move of the VIP is told with its gap, once the gap is over", () => {
  const events = new Events();
  assert.deepEqual(events.see(at(1, [node("a", serving), node("b", waiting)])), [], "the first look");
  assert.deepEqual(events.see(at(2, [node("a", serving), node("b", waiting)])), []);
  const moved = [silent("a"), node("b", { ...waiting, holdsVip: true })];
  assert.deepEqual(events.see(at(3, moved), { from: 2_100, to: undefined }), ["a does not answer"]);
  assert.deepEqual(events.see(at(3.2, moved), gap(2.1, 2.7)), ["VIP a -> b after 0.6 s"]);
  assert.deepEqual(events.see(at(4, moved), gap(2.1, 2.7)), []);
});

test("a move without a gap, or with one of long ago, is told without; two holders are no move", () => {
  const events = new Events();
  const back = [node("a", waiting), node("b", { ...waiting, holdsVip: true })];
  events.see(at(1, [node("a", serving), node("b", waiting)]));
  assert.deepEqual(
    events.see(at(30, back)).filter((line) => line.startsWith("VIP")),
    [],
    "its gap may still go on",
  );
  assert.deepEqual(events.see(at(33, back), gap(1, 2)), ["VIP a -> b"]);
  const both = [node("a", { ...waiting, holdsVip: true }), node("b", { ...waiting, holdsVip: true })];
  events.see(at(34, both));
  assert.deepEqual(events.see(at(38, both)), ["VIP on a and b: several have it"]);
});

test("what our program does, the container, the service and silence are told, with how long they took", () => {
  const events = new Events();
  const own = "agent" in waiting ? "agent" : "guard";
  const state = (word: string, reason = "") => ({ ...waiting, [own]: { state: word, reason, epoch: 8 } });
  events.see(at(1, [node("a", serving), node("b", state("STANDBY"))]));
  assert.deepEqual(events.see(at(2, [silent("a"), node("b", state("CLAIMING", "waits for a"))], no)), [
    "a does not answer",
    "b STANDBY -> CLAIMING (epoch 8): waits for a",
    "service refuses connections",
  ]);
  const runs = { ...state("ACTIVE"), container: { state: "running" } };
  assert.deepEqual(events.see(at(33.2, [silent("a"), node("b", runs)])), [
    "b CLAIMING -> ACTIVE (epoch 8)",
    "b container created -> running",
    "service answers again after 32.2 s",
  ]);
  const [back] = events.see(at(93, [node("a", waiting), node("b", runs)]));
  assert.equal(back, "a answers again after 92.0 s");
});

test("the present program's words are followed as the former one's", () => {
  const status = { holdsVip: true, agent: { state: "serving", epoch: 3, reason: null } } as never;
  const { state, epoch, holdsVip, reason } = glanceOf({ name: "a", address: "x", status });
  assert.deepEqual(
    { state, epoch, holdsVip, reason },
    { state: "serving", epoch: 3, holdsVip: true, reason: "" },
  );
});

test("a gap is a time between two answers that is longer than usual", () => {
  const gaps = new Gaps();
  for (const time of [0, 50, 100, 160]) gaps.answered(time);
  assert.equal(gaps.at(200), undefined);
  assert.deepEqual(gaps.at(600), { from: 160, to: undefined });
  gaps.answered(760);
  // Several `ping`s take turns: one may be late.
  gaps.answered(740);
  assert.deepEqual(gaps.at(800), { from: 160, to: 760 });
});

const known: KnownStack = {
  vip: "127.0.0.1",
  url: "https://127.0.0.1:1",
  answers: { path: "/ping" },
  nodes: ["a", "b"].map((name) => ({
    ...{ name, address: "10.0.0.1", user: "x", port: 22, keyFile: "", knownHostsFile: "", hostKey: "k" },
  })),
};

test("a node that hangs holds up no other; its last answer is shown with its age, and then counts no more", async () => {
  let now = 0;
  let hangs = false;
  const changes: (() => void)[] = [];
  const ask = async ({ name }: { name: string }): Promise<NodeReport> => {
    if (name === "b" && hangs) return await new Promise(() => {});
    return name === "a" ? node("a", serving) : node("b", waiting);
  };
  const looks = new Looks(
    known,
    () => changes.shift()?.(),
    ask,
    () => now,
  );
  looks.start();
  while (!looks.complete) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.deepEqual(
    looks.look().nodes.map(({ status }) => status !== undefined),
    [true, true],
  );
  hangs = true;
  const begin = Date.now();
  // `a` is asked again, `b` hangs.
  now = 2_000;
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  assert.ok(Date.now() - begin < 5_000);
  const { nodes, ages } = looks.look();
  assert.ok(nodes.every(({ status }) => status));
  assert.deepEqual(ages, ["b: as of 2 s ago"]);
  now = 4_500;
  const later = looks.look().nodes.find(({ name }) => name === "b");
  assert.match(later?.error ?? "", /^no answer yet \(its last answer is \d+ s old\)$/);
  looks.end();
});

test("a frame has the table, and below it as many of the last events as there is room for", () => {
  const report = {
    ...{ stack: "dev", vip: "10.0.0.100", url: "https://10.0.0.100", healthy: true },
    ...{
      state: "healthy" as const,
      message: "the verdict",
      remarks: [],
      standings: [],
      reasons: [],
      holders: ["a"],
      ping: yes,
    },
    nodes: [node("a", serving), node("b", waiting)],
  };
  const events = Array.from({ length: 50 }, (_, i) => `event ${i}.`);
  const lines = frame(report, events, 24, createColors(false)).split("\n");
  assert.ok(lines.length < 24, `${lines.length} lines`);
  assert.ok(lines.includes("the verdict") && lines.includes("event 49.") && !lines.includes("event 1."));
  const small = frame(report, events, 5, createColors(false)).split("\n");
  assert.equal(small.filter((line) => line.startsWith("event")).length, 3);
  assert.match(lines.at(-1) ?? "", /^\d\d:\d\d:\d\d, Ctrl-C ends$/);
});
