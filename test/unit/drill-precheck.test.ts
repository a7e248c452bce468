import assert from "node:assert/strict";
import { test } from "node:test";
import type { Sample } from "../../drill/probes/samples";
import type { Health } from "../../drill/recording";
import { type Latest, precheck } from "../../drill/testbed/precheck";

const standby: Sample = {
  ...{ at: 0, vip: false, container: false, data: false },
  ...{ lease: false, epoch: 0, agent: "standby" },
};
const active: Sample = {
  ...{ at: 0, vip: true, container: true, data: true },
  ...{ lease: true, epoch: 3, agent: "active" },
};

const seen = (one: Latest, two: Latest, before?: Health) =>
  precheck(
    new Map([
      ["one", one],
      ["two", two],
    ]),
    before,
  );

test("only what may be healthy is worth a look", () => {
  assert.equal(seen(active, standby), undefined);
  assert.equal(seen(standby, active), undefined);
  // An agent that does not run is for a look to judge: it may be none that serves there.
  assert.equal(seen({ ...active, agent: "stopped" }, { ...standby, agent: "stopped" }), undefined);
});

test("what is not healthy is told with its reason", () => {
  const cases: [Latest, Latest, RegExp, string[], string[]][] = [
    [standby, standby, /the VIP is on no node/, [], []],
    [active, active, /the VIP is on one and two/, ["one", "two"], ["one", "two"]],
    [active, { ...standby, container: true }, /two has no VIP and a container/, ["one"], ["one", "two"]],
    [{ ...active, container: false, agent: "contending" }, standby, /no container.*contending/, ["one"], []],
    [active, { ...standby, agent: "begin" }, /two has no VIP.*begin/, ["one"], ["one"]],
    [
      active,
      "Connection timed out",
      /the recorder of two does not answer Connection timed out/,
      ["one"],
      ["one"],
    ],
    [active, "", /the recorder of two does not answer$/, ["one"], ["one"]],
  ];
  for (const [one, two, message, holders, services] of cases) {
    const look = seen(one, two);
    assert.match(look?.message ?? "", message);
    assert.deepEqual([look?.healthy, look?.holders, look?.services], [false, holders, services]);
  }
});

test("what was healthy a moment ago is not once the VIP has moved", () => {
  const before: Health = { healthy: true, message: "healthy", holders: ["one"], services: ["one"] };
  assert.equal(seen(active, standby, before), undefined);
  assert.match(seen(standby, active, before)?.message ?? "", /the VIP has just moved/);
  assert.equal(seen(standby, active, { ...before, healthy: false }), undefined);
});
