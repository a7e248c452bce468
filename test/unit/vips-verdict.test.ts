import assert from "node:assert/strict";
import { test } from "node:test";
import { createColors } from "picocolors";
import { reportOf } from "../../cli/status-report";
import { statusTable } from "../../cli/ui/status-table";
import type { NodeReport } from "../../stack/node-report";
import { isDown, stopOrder } from "../../stack/orders";
import { planSwitchover } from "../../stack/switchover-plan";
import { judge } from "../../stack/verdict";
import { no, node, silent, yes } from "./reported-nodes";

interface VipAs {
  holds?: boolean;
  fit?: boolean;
  reason?: string;
}

/** A node's report where each VIP moves by itself. */
function vipNode(name: string, vips: Record<string, VipAs>, more: object = {}): NodeReport {
  const all = Object.entries(vips).map(([vip, { holds = false, fit = true, reason }], i) => ({
    ...{ name: vip, address: `192.168.56.${10 * (i + 1)}`, holds, fit, reason: reason ?? null },
  }));
  const refused = all.filter(({ fit }) => !fit);
  return node(name, {
    agent: {
      state: all.some(({ holds }) => holds) ? "active" : "standby",
      fault: refused.map((vip) => `${vip.name}: ${vip.reason}`).join("; ") || null,
      ...{ since: 60, reason: "", version: "v1" },
    },
    vips: all,
    holdsVip: all.some(({ holds }) => holds),
    vrrpState: vips.web?.holds ? "MASTER" : "BACKUP",
    uptime: 60,
    ...more,
  });
}

const here = { holds: true };
const refuses = { fit: false, reason: "tcp 127.0.0.1:80: refused" };

test("each state of several VIPs has its verdict, and the worst one comes first", () => {
  for (const [nodes, ping, state, message] of [
    [
      [vipNode("a", { web: here, api: {} }), vipNode("b", { web: {}, api: here })],
      yes,
      "healthy",
      /^healthy: a has web, b has api$/,
    ],
    [
      [vipNode("a", { web: here, api: here }), vipNode("b", { web: {}, api: {} })],
      yes,
      "healthy",
      /a has web and api/,
    ],
    [
      [vipNode("a", { web: here, api: here }), vipNode("b", { web: refuses, api: {} })],
      yes,
      "no-standby",
      /no other node would take web \(b: tcp 127\.0\.0\.1:80: refused\)/,
    ],
    [
      [vipNode("a", { web: here, api: {} }), vipNode("b", { web: {}, api: {} })],
      yes,
      "no-holder",
      /^no node has the VIP api$/,
    ],
    [
      [vipNode("a", { web: refuses }), vipNode("b", { web: refuses })],
      no,
      "no-holder",
      /no node has the VIP web \(a: .*refused; b: .*refused\)/,
    ],
    [
      [vipNode("a", { web: here, api: here }), vipNode("b", { web: here, api: {} })],
      yes,
      "two-holders",
      /split brain: a and b have the VIP web \(192\.168\.56\.10\)/,
    ],
    [
      [vipNode("a", { web: here }), vipNode("b", { web: {} })],
      no,
      "no-service",
      /the VIP refuses connections/,
    ],
    [[vipNode("a", { web: here }), silent("b")], yes, "node-unreachable", /a has web; b cannot be reached/],
    [[silent("a"), vipNode("b", { web: {} })], yes, "no-holder", /no node that answers has the VIP web/],
    [
      [vipNode("a", { web: here }), vipNode("b", { web: {} }, { keepalived: { maintenance: true } })],
      yes,
      "no-standby",
      /b: it is in maintenance/,
    ],
  ] as const) {
    const found = judge([...nodes], ping);
    assert.deepEqual([found.state, message.test(found.message)], [state, true], found.message);
  }
});

test("orders to all nodes are the whole reason", () => {
  const stopped = { orders: { stopped: "new disk" } };
  const refused = { fit: false, reason: "stopped: new disk" };
  const nodes = [vipNode("a", { web: refused }, stopped), vipNode("b", { web: refused }, stopped)];
  assert.equal(judge(nodes, no).state, "stopped");
  assert.ok(nodes.every(isDown));
  const up = [vipNode("a", { web: here }), vipNode("b", { web: {} })];
  assert.deepEqual(stopOrder(up), [["b"], ["a"]]);
  assert.deepEqual(up.map(isDown), [false, true]);
});

test("the table says who has which VIP, and what refuses one", () => {
  const nodes = [
    vipNode("a", { web: here, api: here }),
    vipNode("b", { web: refuses, api: {} }),
    silent("c"),
  ];
  const report = reportOf(
    "edge",
    { vip: "192.168.56.10", url: "http://192.168.56.10" },
    { nodes, ping: yes },
  );
  const lines = statusTable(report, createColors(false)).split("\n");
  assert.deepEqual(
    lines.slice(2, 6).map((line) => line.split(/ {2,}/)),
    [
      ["Node", "Address", "VIPs", "Agent", "Refuses", "Up for"],
      ["a", "10.0.0.1", "web, api", "active", "-", "1 min"],
      ["b", "10.0.0.1", "-", "standby", "web", "1 min"],
      ["c", "10.0.0.9", "not reached: does not answer"],
    ],
  );
});

test("where several nodes have VIPs, a switchover gathers them on the node that is named", () => {
  const nodes = [
    vipNode("a", { web: here, api: {} }),
    vipNode("b", { web: {}, api: here }),
    vipNode("c", { web: {}, api: {} }),
  ];
  assert.throws(() => planSwitchover(nodes), /a and b have VIPs: name the node that is to have all of them/);
  assert.deepEqual(planSwitchover(nodes, "b"), { holder: "a", target: "b", yielding: ["c", "a"] });
  assert.deepEqual(planSwitchover(nodes, "c"), { holder: "a and b", target: "c", yielding: ["a", "b"] });
  const [, b] = [0, vipNode("b", { web: refuses, api: here })];
  assert.throws(
    () => planSwitchover([vipNode("a", { web: here, api: {} }), b as NodeReport], "b"),
    /refused/,
  );
  const one = [vipNode("a", { web: here }), vipNode("b", { web: {} })];
  assert.deepEqual(planSwitchover(one), { holder: "a", target: undefined, yielding: ["a"] });
  assert.equal(planSwitchover(one, "a"), undefined);
});
