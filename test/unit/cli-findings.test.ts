import assert from "node:assert/strict";
import { test } from "node:test";
import { judge } from "../../stack/verdict";
import { node, serving, vrrpNode, waiting, yes } from "./reported-nodes";

test("split brain, a stale VIP, nodes that are unfit or deaf, and differing settings are named", () => {
  const now = new Date(2026, 0, 1, 12, 0, 30);
  const a = vrrpNode("a", "MASTER");
  const b = vrrpNode("b", "BACKUP");
  for (const [what, nodes, state, message, remarks] of [
    ["all well", [a, b], "healthy", /^healthy/, []],
    [
      "split brain",
      [vrrpNode("a", "MASTER", { heard: [] }), vrrpNode("b", "MASTER", { since: 12, heard: [] })],
      "two-holders",
      /^two holders \(split brain\): a and b both have the VIP, since 12:00:18 \(12 s\)$/,
      ["a does not hear b, which is master", "b does not hear a, which is master"],
    ],
    [
      "one of the two is dead",
      [vrrpNode("a", "STOPPED", { since: null }, true), vrrpNode("b", "MASTER", { since: 3 })],
      "two-holders",
      /since 12:00:27 \(3 s\)$/,
      ["stale VIP on a: it has the VIP, and its keepalived is STOPPED"],
    ],
    [
      "a dead one alone",
      [vrrpNode("a", "STOPPED", {}, true), b],
      "stale-vip",
      /^stale VIP on a: it has the VIP, and its keepalived is STOPPED$/,
      [],
    ],
    [
      "a change that is under way",
      [vrrpNode("a", "BACKUP", { since: 0 }, true), b],
      "healthy",
      /^healthy/,
      [],
    ],
    [
      "a keepalived that cannot take over, whatever its agent thinks",
      [a, vrrpNode("b", "FAULT")],
      "no-standby",
      /^a has the VIP and serves, but without a standby\. b is no standby: its keepalived is in FAULT\. Mend: `npm run logs -- b`$/,
      [],
    ],
    [
      "a keepalived that does not run",
      [a, vrrpNode("b", "STOPPED", { since: null, heard: [] })],
      "no-standby",
      /\. b is no standby: its keepalived does not run\. Mend: `npm run up`$/,
      [],
    ],
    [
      "a node that did not say in time whether its keepalived runs",
      [a, vrrpNode("b", null)],
      "no-standby",
      /\. b is no standby: it did not say in time whether its keepalived runs/,
      [],
    ],
    ["a fault of this moment", [a, vrrpNode("b", "FAULT", { since: 1 })], "healthy", /^healthy/, []],
    [
      "nobody can have the VIP",
      [vrrpNode("a", "FAULT"), b],
      "no-holder",
      /^no holder/,
      ["a is no standby: its keepalived is in FAULT; its agent is active. Mend: `npm run up`"],
    ],
    [
      "a deaf backup",
      [a, vrrpNode("b", "BACKUP", { heard: ["10.0.0.3"] })],
      "deaf-node",
      /^b does not hear a, which is master$/,
      [],
    ],
    ["nobody knows whom it hears", [a, vrrpNode("b", "BACKUP", { heard: null })], "healthy", /^healthy/, []],
    [
      "a new master",
      [vrrpNode("a", "MASTER", { since: 1 }), vrrpNode("b", "BACKUP", { heard: [] })],
      "healthy",
      /^healthy/,
      [],
    ],
    [
      "different settings",
      [a, vrrpNode("b", "BACKUP", { settings: "ba5" })],
      "mismatch",
      /^keepalived's settings differ \(f00 on a, ba5 on b\): `npm run up` repairs it$/,
      [],
    ],
    [
      "a file changed by hand",
      [a, vrrpNode("b", "BACKUP", { settings: null, edited: true })],
      "mismatch",
      /^keepalived\.conf on b was changed by hand: `npm run up` repairs it$/,
      [],
    ],
    [
      "different versions, and maintenance of one standby of two: said, and no fault",
      [a, vrrpNode("b", "FAULT", { version: "2.2.8", maintenance: true }), vrrpNode("c", "BACKUP")],
      "healthy",
      /^healthy/,
      [
        "keepalived's versions differ: 2.2.7 on a and c, 2.2.8 on b",
        "b is no standby: it is in maintenance. Mend: `npm run maintenance -- b off`",
      ],
    ],
    [
      "maintenance of the only standby",
      [a, vrrpNode("b", "FAULT", { maintenance: true })],
      "no-standby",
      /but without a standby\. b is no standby: it is in maintenance\. Mend: `npm run maintenance -- b off`$/,
      [],
    ],
    [
      "one of two standbys is unfit",
      [a, vrrpNode("b", "STOPPED"), vrrpNode("c", "BACKUP")],
      "unfit-node",
      /^b is no standby: its keepalived does not run\. Mend: `npm run up`$/,
      [],
    ],
  ] as const) {
    const verdict = judge([...nodes], yes, now);
    assert.equal(verdict.state, state, `${what}: ${verdict.message}`);
    assert.match(verdict.message, message, what);
    assert.deepEqual(verdict.remarks, remarks, what);
  }
});

test("what weakens the protection is told", () => {
  const fencing = { agent: false, watchdog: false, watchdogAvailable: false, watchdogMode: "automatic" };
  const own = { fencing, timers: { lease: 15, serverLease: 90 } };
  const health = { answer: "slow", words: "https://127.0.0.1/healthz: timed out" };
  const nodes = [
    node("a", { ...serving, ...own, health }),
    // An agent does what the watchdog would.
    node("b", {
      ...waiting,
      fencing: { ...fencing, agent: true },
      timers: { lease: 15, serverLease: 15 },
    }),
  ];
  const { state, remarks } = judge(nodes, yes);
  assert.equal(state, "healthy");
  assert.match(remarks[0] ?? "", /^the service on a is not well: .*timed out$/);
  assert.match(remarks[1] ?? "", /^a has no watchdog/);
  assert.match(remarks[2] ?? "", /lease time is 90 s as a sees it/);
  assert.equal(remarks.length, 3, remarks.join("\n"));
});

test("a node that does not see the owner's heartbeats is told", () => {
  const remarks = (status: object, owner: object = serving): string[] =>
    judge([node("a", owner), node("b", { ...waiting, ...status })], yes).remarks;
  const blind = { lease: { owner: null, epoch: null, heldHere: false } };
  assert.match(remarks(blind).join(), /^b does not see the heartbeats of a, which has the lease/);
  assert.deepEqual(remarks({}), []);
  // What is only about to be seen is no news.
  assert.deepEqual(remarks({ ...blind, agent: { ...waiting.agent, since: 1 } }), []);
  assert.deepEqual(remarks(blind, { ...serving, agent: { ...serving.agent, since: 1 } }), []);
});
