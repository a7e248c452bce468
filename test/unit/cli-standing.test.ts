import assert from "node:assert/strict";
import { test } from "node:test";
import { refuseKeptOut } from "../../cli/actions/drill";
import { tell } from "../../cli/actions/up";
import { firstLookFor, preparations } from "../../cli/pulumi/mending";
import { exitCodeOf, mayPass, reportOf } from "../../cli/status-report";
import { forStack } from "../../local/called";
import { type NodeReport, notSetUp } from "../../stack/node-report";
import { shortcomingOf, standingsOf } from "../../stack/standing";
import { judge } from "../../stack/verdict";
import { no, node, serving, silent, vrrpNode, waiting, yes } from "./reported-nodes";

const stopped = { ...waiting.agent, state: "stopped", reason: "no answer", fault: "no answer" };
/** A node that could not take over, with what it reports besides. */
const broken = (more: object): NodeReport => node("b", { ...waiting, vrrpState: "FAULT", ...more });

test("whatever keeps a node from being a standby is said, with the one command that mends it", () => {
  const fault = (words: string, more: object = {}) =>
    broken({ agent: { ...waiting.agent, fault: words }, ...more });
  for (const [what, report, why, mend] of [
    [
      "a stopped agent",
      broken({ agent: stopped, units: { agent: "stopped" } }),
      /^its agent was stopped by hand$/,
      "npm run up",
    ],
    [
      "a disabled one",
      broken({ agent: stopped, units: { agent: "stopped, disabled" } }),
      /^its agent was stopped and disabled by hand$/,
      "npm run up",
    ],
    [
      "a removed unit",
      broken({ agent: stopped, units: { agent: "missing" } }),
      /its unit was removed$/,
      "npm run up",
    ],
    [
      "a failed one",
      broken({ agent: stopped, units: { agent: "failed" } }),
      /^its agent has failed$/,
      "npm run up",
    ],
    [
      "an agent that hangs",
      broken({ agent: stopped, units: {} }),
      /^no agent runs there \(no answer\)$/,
      "npm run up",
    ],
    [
      "a broken-off upgrade",
      broken({
        agent: { ...stopped, fault: "kept out of service by an upgrade: x" },
        units: { agent: "stopped" },
      }),
      /^it is kept out of service by an upgrade$/,
      "npm run up",
    ],
    [
      "a stopped keepalived",
      broken({ vrrpState: "STOPPED", units: { keepalived: "stopped" } }),
      /^its keepalived was stopped by hand$/,
      "npm run up",
    ],
    [
      "a masked one",
      broken({ vrrpState: "STOPPED", units: { keepalived: "masked" } }),
      /^its keepalived was masked by hand$/,
      "npm run up",
    ],
    [
      "no Docker",
      fault("Docker does not answer", { units: { docker: "stopped, disabled" } }),
      /^its Docker was stopped and disabled by hand$/,
      "npm run up",
    ],
    ["a silent Docker", fault("Docker does not answer"), /^Docker does not answer$/, "npm run up"],
    [
      "no container",
      fault("there is no container rancher-1"),
      /rancher-1: it was removed by hand$/,
      "npm run up",
    ],
    [
      "no lease process",
      fault("the lease directory does not answer", { units: { lease: "stopped" } }),
      /^its lease process was stopped by hand$/,
      "npm run up",
    ],
    [
      "a service that failed",
      fault("the service failed 3 times here", { health: { failures: 3 } }),
      /failed 3 times/,
      "npm run failures -- --clear",
    ],
    [
      "maintenance",
      vrrpNode("b", "FAULT", { maintenance: true }),
      /^it is in maintenance$/,
      "npm run maintenance -- b off",
    ],
    [
      "a ban",
      broken({ orders: { banned: "bad memory" } }),
      /^it is banned \(bad memory\)$/,
      "npm run allow -- b",
    ],
    [
      "a hand-over of just now",
      broken({ orders: { leave: "x" } }),
      /^it has just handed over/,
      "npm run status -- --within 60",
    ],
    ["no network", silent("b"), /^it cannot be reached \(does not answer\)$/, "npm run up"],
    [
      "nothing on it yet",
      { ...silent("b"), error: notSetUp },
      /^nothing of ours is on it yet$/,
      "npm run up",
    ],
  ] as const) {
    const found = shortcomingOf(report);
    assert.match(found?.why ?? "", why, what);
    assert.equal(found?.mend, mend, what);
    const verdict = judge([node("a", serving), report], yes);
    assert.equal(verdict.state, "no-standby", what);
    assert.match(
      verdict.message,
      /^a has the VIP and serves, but without a standby\. b is no standby: .* Mend: `npm run /,
    );
    assert.ok(!/\n/.test(verdict.message));
    assert.deepEqual(
      verdict.standings.map(({ as }) => as),
      ["serves", "none"],
    );
  }
});

test("a standby that would take over is one, also one that leaves the VIP to the preferred node", () => {
  for (const report of [
    node("b", waiting),
    vrrpNode("b", "FAULT", { since: 1 }),
    // What its agent says this moment is not in force yet.
    node("b", { ...waiting, agent: { ...waiting.agent, fault: "the lease directory does not answer" } }),
    broken({ orders: { prefer: "a" } }),
    // A workload without agents.
    node("b", { holdsVip: false, vrrpState: "BACKUP" }),
  ])
    assert.deepEqual(standingsOf([report]), [{ name: "b", as: "standby" }]);
});

test("the commands in a verdict are for the stack that it is of", () => {
  assert.equal(forStack("`npm run up`", "office"), "`npm run up -- --stack office`");
  assert.equal(
    forStack("`npm run allow -- b` ends it", "office"),
    "`npm run allow -- --stack office b` ends it",
  );
  assert.equal(
    forStack("`npm run up`; `npm run up -- --stack x`", "dev"),
    "`npm run up`; `npm run up -- --stack x`",
  );
  const nodes = [node("a", serving), broken({ agent: stopped, units: { agent: "stopped" } })];
  const report = reportOf("office", { vip: "10.0.0.9", url: "https://10.0.0.9" }, { nodes, ping: yes });
  assert.match(report.message, /its agent was stopped by hand\. Mend: `npm run up -- --stack office`$/);
  const [, b] = report.standings;
  assert.equal(b?.as === "none" && b.mend, "npm run up -- --stack office");
});

const reported = (nodes: NodeReport[], ping = yes as typeof no | typeof yes) =>
  reportOf("dev", { vip: "x", url: "y" }, { nodes, ping });
const lame = reported([node("a", serving), broken({ agent: stopped, units: { agent: "stopped" } })]);
const resting = reported([node("a", serving), vrrpNode("b", "FAULT", { maintenance: true })]);
const healthy = reported([node("a", serving), node("b", waiting)]);

test("a look ends with 2 without a standby, 1 without service; an update with 2 where nobody would take over", () => {
  assert.deepEqual([healthy, lame, resting].map(exitCodeOf), [0, 2, 2]);
  assert.equal(exitCodeOf(reported([node("a", waiting)], no)), 1);
  const paused = { ...serving, orders: { paused: "x" } };
  assert.deepEqual(
    [healthy, lame, resting, reported([node("a", paused), node("b", waiting)])].map(tell),
    [0, 2, 2, 2],
  );
  assert.equal(tell("it was not measured"), 0);
});

test("it is waited for what a moment mends, and not for what only somebody does", () => {
  const starting = broken({ agent: { ...waiting.agent, fault: "Docker was not asked yet" } });
  assert.equal(mayPass(reported([node("a", serving), starting])), true);
  assert.equal(mayPass(reported([node("a", waiting)], no)), true);
  for (const report of [healthy, lame, resting]) assert.equal(mayPass(report), false);
});

test("an update looks at what is on the nodes first, if something there is not as it should be", () => {
  const runs = (report: typeof healthy) => firstLookFor(report).runs;
  assert.deepEqual(runs(healthy), [[]]);
  assert.deepEqual(runs(lame), [["--refresh"]]);
  assert.match(
    firstLookFor(lame).why ?? "",
    /^Not all is well \(.*its agent was stopped by hand\): looking first .*`--refresh`/,
  );
  // What an operator ordered is no drift; and a node that is off has nothing to look at.
  assert.deepEqual(runs(resting), [[]]);
  assert.deepEqual(runs(reported([node("a", serving), silent("b")])), [[]]);
  const noDocker = broken({
    agent: { ...waiting.agent, fault: "Docker does not answer" },
    units: { docker: "stopped" },
  });
  assert.deepEqual(runs(reported([node("a", serving), noDocker])), [
    ["--refresh", "--target", preparations],
    ["--refresh"],
  ]);
});

test("a drill of a stack with a node in maintenance, or a banned one, is refused with what ends that", () => {
  refuseKeptOut([node("a", serving), node("b", waiting), silent("c")]);
  assert.throws(() => refuseKeptOut([node("a", serving), vrrpNode("b", "FAULT", { maintenance: true })]), {
    name: "Failure",
    message:
      /needs all of them\. b is no standby: it is in maintenance\. Mend: `npm run maintenance -- b off`$/,
  });
  assert.throws(
    () => refuseKeptOut([broken({ orders: { banned: "x" } })]),
    /b is no standby: it is banned \(x\)/,
  );
});

test("for how long a node is no standby is said, by its agent or else by its keepalived; not of a moment", () => {
  const sentence = (more: object): string => judge([node("a", serving), broken(more)], yes).message;
  const fault = { ...waiting.agent, fault: "Docker does not answer" };
  const since = (seconds: number) => ({ keepalived: { since: seconds } });
  assert.match(
    sentence({ agent: { ...fault, faultSince: 100_000 }, ...since(5_000) }),
    /b is no standby for 1 d 3 h now: Docker does not answer\. Mend: /,
  );
  // An agent that was started anew does not know it.
  assert.match(sentence({ agent: fault, ...since(5_000) }), /b is no standby for 1 h 23 min now: Docker/);
  assert.match(sentence({ agent: { ...fault, faultSince: 30 }, ...since(5_000) }), /b is no standby: Docker/);
});
