import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createColors } from "picocolors";
import { type StatusReport, statusTable } from "../../cli/ui/status-table";
import { duration } from "../../domain/duration";
import { type NodeStatus, notSetUp, parseNodeStatus } from "../../stack/node-report";
import { planSwitchover } from "../../stack/switchover-plan";
import { holdersOf, judge } from "../../stack/verdict";
import { no, node, serving, silent, vrrpNode, waiting, yes } from "./reported-nodes";

test("each state has its verdict, and the worst one comes first", () => {
  const agent = (state: string, reason = "") => ({ ...serving, agent: { ...serving.agent, state, reason } });
  for (const [nodes, ping, state, message] of [
    [[node("a", serving), node("b", waiting)], yes, "healthy", /^healthy: a has the VIP and serves$/],
    [
      [node("a", serving), silent("b")],
      yes,
      "no-standby",
      /^a has the VIP and serves, but without a standby\. b is no standby: it cannot be reached \(does not answer\)\. Mend: `npm run up`$/,
    ],
    [
      [node("a", serving), silent("b"), node("c", waiting)],
      yes,
      "node-unreachable",
      /^a has the VIP and serves; b cannot be reached$/,
    ],
    [
      [silent("a"), node("b", waiting)],
      yes,
      "node-unreachable",
      /^Rancher answers, and a cannot be reached$/,
    ],
    [[silent("a"), node("b", waiting)], no, "no-holder", /^no holder.*; a cannot be reached$/],
    [[node("a", waiting), node("b", waiting)], no, "no-holder", /^no holder: no node has the VIP$/],
    // Something else answers at the VIP's address.
    [[node("a", waiting), node("b", waiting)], yes, "no-holder", /^no holder/],
    [
      [node("a", serving), node("b", { ...waiting, holdsVip: true })],
      yes,
      "two-holders",
      /^two holders \(split brain\): a and b both have the VIP$/,
    ],
    [
      [node("a", serving), node("b", { ...serving, holdsVip: false })],
      yes,
      "two-services",
      /^two services: the container runs on a and b$/,
    ],
    [[node("a", serving), node("b", serving), silent("c")], yes, "two-services", /; c cannot be reached$/],
    [[node("a", agent("stopped"))], no, "no-service", /: no agent runs on a$/],
    [
      [
        node("a", {
          ...agent("contending", "waits for b"),
          lease: { owner: "b", epoch: 6, heldHere: false },
        }),
      ],
      no,
      "no-service",
      /a does not have the lease, which b had last; its agent is contending \(waits for b\)$/,
    ],
    [
      [node("a", { ...agent("mounting", "starting"), container: { state: "exited" } })],
      no,
      "no-service",
      /the container on a is exited; its agent is mounting \(starting\)$/,
    ],
    [[node("a", serving)], no, "no-service", /the container on a runs, and the VIP refuses connections$/],
  ] as const) {
    const verdict = judge([...nodes], ping);
    assert.equal(verdict.state, state, verdict.message);
    assert.match(verdict.message, message);
  }
});

test("a node that answers and has nothing of ours yet is told apart from one that does not answer", () => {
  const bare = { name: "a", address: "10.0.0.1", error: notSetUp };
  assert.equal(judge([bare, { ...bare, name: "b" }], no).state, "not-up");
  assert.match(judge([bare, silent("b")], no).message, /^no holder/);
  const report: StatusReport = {
    ...{ stack: "dev", vip: "x", url: "y", healthy: false, holders: [], ping: no, nodes: [bare] },
    ...judge([bare], no),
  };
  const table = statusTable(report, createColors(false));
  assert.match(table, /^a +10\.0\.0\.1 +reached; not set up yet$/m);
  assert.match(table, /\nthe nodes are there, and not set up yet: `npm run up` does that$/);
});

test("only one holder that serves, with all nodes in sight, is healthy", () => {
  const status = fc.record({
    holdsVip: fc.boolean(),
    agent: fc.constant({ state: "active" }),
    lease: fc.record({ heldHere: fc.boolean() }),
    container: fc.record({ state: fc.constantFrom("running", "exited", "missing") }),
  });
  const report = fc.option(status, { nil: undefined });
  fc.assert(
    fc.property(fc.array(report, { minLength: 2, maxLength: 5 }), fc.boolean(), (statuses, ok) => {
      const nodes = statuses.map((each, i) => ({ name: `n${i}`, address: "x", status: each as NodeStatus }));
      const services = nodes.filter(({ status: each }) => each?.container?.state === "running");
      const all = nodes.every(({ status: each }) => each);
      const expected = ok && all && holdersOf(nodes).length === 1 && services.length <= 1;
      assert.equal(judge(nodes, { ok }).state === "healthy", expected);
    }),
  );
});

test("a switchover is planned so that the VIP goes where it was asked to, the holder last", () => {
  const [a, b, c] = [vrrpNode("a", "MASTER"), vrrpNode("b", "BACKUP"), vrrpNode("c", "BACKUP")];
  assert.deepEqual(planSwitchover([a, b, c], "c"), { holder: "a", target: "c", yielding: ["b", "a"] });
  assert.deepEqual(planSwitchover([a, b, c]), { holder: "a", target: undefined, yielding: ["a"] });
  assert.equal(planSwitchover([a, b, c], "a"), undefined);
});

test("a switchover that cannot work is refused with the reason", () => {
  const a = vrrpNode("a", "MASTER");
  const unfit = vrrpNode("b", "FAULT");
  for (const [nodes, target, message] of [
    [
      [a, unfit],
      undefined,
      /^no other node can take the VIP: b is no standby: its keepalived is in FAULT\. Mend: `npm run logs -- b`$/,
    ],
    [[a, unfit], "b", /^b is no standby: its keepalived is in FAULT/],
    [[a, silent("b")], "b", /^b is no standby: it cannot be reached \(does not answer\)/],
    [
      [a, vrrpNode("b", "FAULT", { maintenance: true })],
      "b",
      /^b is no standby: it is in maintenance\. Mend: `npm run maintenance -- b off`$/,
    ],
    [[a, unfit], "d", /^"d" is no node; the nodes are a, b$/],
    [[unfit], undefined, /^no node has the VIP, and this needs exactly one holder/],
    [[a, vrrpNode("b", "MASTER")], "b", /^a and b have the VIP, and this needs exactly one/],
  ] as const)
    assert.throws(() => planSwitchover([...nodes], target), { name: "Failure", message });
});

test("what is not the output of `agent status` is refused with the reason", () => {
  assert.throws(() => parseNodeStatus("bash: not found"), /printed no JSON: bash: not found/);
  assert.throws(() => parseNodeStatus(""), /printed no JSON: nothing/);
  assert.throws(() => parseNodeStatus("[]"), /`agent status` printed something unexpected/);
  assert.equal(parseNodeStatus('{"holdsVip": true, "new": 1}').holdsVip, true);
});

test("the table is aligned, and says why a node was not reached", () => {
  const report: StatusReport = {
    ...{ stack: "dev", vip: "10.0.0.100", url: "https://10.0.0.100", healthy: false },
    ...{
      state: "node-unreachable",
      message: "the verdict",
      remarks: ["a remark"],
      standings: [],
      reasons: ["rancher-2: a has the lease"],
      holders: ["a"],
      ping: yes,
    },
    nodes: [node("a", serving), node("rancher-2", waiting), silent("c")],
  };
  assert.deepEqual(statusTable(report, createColors(false)).split("\n"), [
    "dev  VIP 10.0.0.100  https://10.0.0.100 answers in 12 ms",
    "",
    "Node       Address   VIP  VRRP    Agent             Lease  Container  Mounted       Up for",
    "a          10.0.0.1  yes  MASTER  active (epoch 7)  here   running    lease + data  1 d 2 h",
    "rancher-2  10.0.0.1  no   BACKUP  standby           of a   created    lease         59 s",
    "c          10.0.0.9  not reached: does not answer",
    "",
    "rancher-2: a has the lease",
    "",
    "a remark",
    "the verdict",
  ]);
  const paint = String.fromCharCode(27);
  assert.ok(statusTable(report, createColors(true)).includes(paint));
});

test("durations are given in their two largest units", () => {
  for (const [seconds, text] of [
    [0, "0 s"],
    [-5, "0 s"],
    [59.9, "59 s"],
    [60, "1 min"],
    [3_599, "59 min 59 s"],
    [3_600, "1 h"],
    [93_784, "1 d 2 h"],
  ] as const) {
    assert.equal(duration(seconds), text);
  }
});
