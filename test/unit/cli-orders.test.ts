import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createColors } from "picocolors";
import { statusTable } from "../../cli/ui/status-table";
import { parseNodeStatus } from "../../stack/node-report";
import { planSwitchover } from "../../stack/switchover-plan";
import { judge } from "../../stack/verdict";
import { no, node, serving, silent, vrrpNode, waiting, yes } from "./reported-nodes";

const ordered = (base: object, orders: object): object => ({ ...base, orders });

test("what operators ordered is told, with its reason and what ends it", () => {
  const paused = { paused: "NFS is moved" };
  const stopped = { stopped: "a new disk" };
  const idle = { ...waiting, holdsVip: true, vrrpState: "MASTER" };
  for (const [what, nodes, ping, state, message] of [
    [
      "paused everywhere",
      [node("a", ordered(serving, paused)), node("b", ordered(waiting, paused))],
      yes,
      "paused",
      /^paused \(NFS is moved\), so that no agent acts: `npm run resume` ends it; healthy/,
    ],
    [
      "paused on one",
      [node("a", ordered(serving, {})), node("b", ordered(waiting, paused))],
      yes,
      "paused",
      /^paused \(NFS is moved on b\)/,
    ],
    [
      "paused, and a node does not answer",
      [node("a", ordered(serving, paused)), silent("b")],
      yes,
      "paused",
      /^paused \(NFS is moved\).*; a has the VIP and serves, but without a standby\. b is no standby: it cannot be reached/,
    ],
    [
      "stopped",
      [node("a", ordered(idle, stopped)), node("b", ordered(waiting, stopped))],
      no,
      "stopped",
      /^the service is stopped \(a new disk\): `npm run start` starts it$/,
    ],
    [
      "told to stop, and still there",
      [node("a", ordered(serving, stopped)), node("b", ordered(waiting, stopped))],
      yes,
      "stopped",
      /^the service was told to stop \(a new disk\), and still answers$/,
    ],
    // Nothing that was ordered excuses two.
    [
      "two services, whatever was ordered",
      [node("a", ordered(serving, paused)), node("b", ordered({ ...serving, holdsVip: false }, paused))],
      yes,
      "two-services",
      /^two services/,
    ],
  ] as const) {
    const verdict = judge([...nodes], ping);
    assert.equal(verdict.state, state, `${what}: ${verdict.message}`);
    assert.match(verdict.message, message, what);
  }
});

test("a banned node, a preferred one, and a word about a node that is off are said, and no fault", () => {
  const orders = { banned: "bad memory", prefer: "a", off: ["c"] };
  const b = vrrpNode("b", "FAULT");
  const banned = { ...b, status: parseNodeStatus(JSON.stringify({ ...b.status, orders })) };
  const { state, remarks } = judge([vrrpNode("a", "MASTER"), banned, vrrpNode("c", "BACKUP")], yes);
  assert.equal(state, "healthy");
  assert.deepEqual(remarks, [
    "b was told by an operator that c is off",
    "the service goes to a on b next, if that is fit: `npm run prefer -- none` ends it",
    "b is no standby: it is banned (bad memory). Mend: `npm run allow -- b`",
  ]);
  assert.throws(() => planSwitchover([vrrpNode("a", "MASTER"), banned], "b"), {
    message: /^b is no standby: it is banned \(bad memory\)\. Mend: `npm run allow -- b`$/,
  });
});

test("a protection that was asked for and is missing is no healthy stack", () => {
  const required = { agent: false, watchdogMode: "required", watchdogWords: "no device" };
  for (const [nodes, message] of [
    [
      [node("a", { ...serving, fencing: { ...required, watchdog: false } }), node("b", waiting)],
      /^a has the lease without an armed watchdog, which `fencing.watchdog` requires: no device$/,
    ],
    [
      [node("a", serving), node("b", { ...waiting, fencing: { ...required, watchdogAvailable: false } })],
      /^b has no watchdog that it could use/,
    ],
    [
      [node("a", serving), node("b", { ...waiting, fencing: { agent: true, agentFault: "login failed" } })],
      /^the fence agent does not work from b.*: login failed$/,
    ],
  ] as const) {
    const verdict = judge([...nodes], yes);
    assert.equal(verdict.state, "unprotected", verdict.message);
    assert.match(verdict.message, message);
  }
  const armed = { ...required, watchdog: true, watchdogAvailable: true };
  assert.equal(judge([node("a", { ...serving, fencing: armed }), node("b", waiting)], yes).state, "healthy");
});

test("a refused configuration and agents of different versions are told", () => {
  const refused = judge([node("a", { ...serving, configuration: "`heartbeat` is missing" })], yes);
  assert.equal(refused.state, "mismatch");
  assert.match(refused.message, /^the agent on a would not start.*\(`heartbeat` is missing\)$/);
  const other = { ...waiting, agent: { ...waiting.agent, version: "v2" } };
  const differs = judge([node("a", serving), node("b", other)], yes);
  assert.equal(differs.state, "mismatch");
  assert.match(differs.message, /^the agents' versions differ \(v1 on a, v2 on b\)/);
});

test("failures, a lease process that hangs or is gone, and a weaker agent are remarks", () => {
  const remarks = (more: object): string =>
    judge([node("a", { ...serving, ...more })], yes).remarks.join("\n");
  assert.match(
    remarks({ health: { failures: 2, failure: "it ended" } }),
    /^the service failed 2 times on a.*it ended/,
  );
  assert.match(remarks({ health: { failures: 1 } }), /^the service failed once on a/);
  assert.equal(remarks({ health: { failures: 0, answer: "ok" } }), "");
  const lease = { owner: "a", epoch: 7, heldHere: true };
  assert.match(
    remarks({ lease: { ...lease, alive: false, error: "no socket" } }),
    /^the lease process on a is gone.*no socket/,
  );
  assert.match(
    remarks({ lease: { ...lease, alive: true, unanswered: 9.4 } }),
    /^the lease directory has not answered a for 9 s/,
  );
  assert.equal(remarks({ lease: { ...lease, alive: true, unanswered: 5 } }), "");
  assert.match(
    remarks({ agent: { ...serving.agent, degraded: ["memory cannot be locked"] } }),
    /^the agent on a is less protected than it should be: memory cannot be locked$/,
  );
  assert.match(
    remarks({ mounts: { dataLingers: true } }),
    /^the shared data is still mounted somewhere on a/,
  );
});

test("what a node answers changes nothing on the screen, and is bounded", () => {
  const esc = String.fromCharCode(27);
  const words = fc.oneof(
    fc.string(),
    fc.constantFrom(`${esc}[2J`, "a\nb\r", `\u009b31m\u202e`, "x".repeat(10_000), "MASTER", "active"),
  );
  const value = fc.oneof(words, fc.boolean(), fc.integer(), fc.double(), fc.constant(null), fc.array(words));
  const keys = [
    "state",
    "reason",
    "fault",
    "owner",
    "error",
    "words",
    "failure",
    "heard",
    "peers",
    "off",
    "since",
  ];
  const object = fc.dictionary(
    fc.constantFrom(...keys, "epoch", "heldHere", "failures", "paused", "degraded"),
    value,
  );
  const parts = [
    "agent",
    "lease",
    "container",
    "health",
    "fencing",
    "orders",
    "keepalived",
    "timers",
    "mounts",
  ];
  const answer = fc.dictionary(
    fc.constantFrom(...parts, "holdsVip", "vrrpState", "configuration", "uptime"),
    fc.oneof(object, value),
  );
  fc.assert(
    fc.property(fc.array(answer, { minLength: 1, maxLength: 3 }), fc.boolean(), (answers, ok) => {
      const nodes = answers.map((each, i) => node(`n${i}`, each));
      const verdict = judge(nodes, { ok, error: "refused" });
      const report = { stack: "dev", vip: "10.0.0.100", url: "https://x", healthy: false, holders: [] };
      const table = statusTable({ ...report, ...verdict, ping: no, nodes }, createColors(false));
      assert.doesNotMatch(table.replaceAll("\n", " "), /[\p{Cc}\p{Cf}\u2028\u2029]/u);
      assert.ok(table.length < 100_000, `${table.length}`);
    }),
  );
});
