import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { faultNamed, faults, nodeOf, quickFaults, type Roles, shownAction } from "../../drill/faults";
import { machineVerbs } from "../../drill/faults/action";
import { packageRoot } from "../../local/root";
import { timing } from "./drill-support";

const [a, b, c] = ["a", "b", "c"].map((name, i) => ({ name, address: `10.0.0.${i + 1}`, sshPort: 22 }));
const roles = { holder: a, standby: b, all: [a, b, c] } as Roles;

test("each fault has a name of its own, in kebab-case; a pair has two", () => {
  const names = faults.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  for (const name of names) assert.match(name, /^[a-z0-9]+(-[a-z0-9]+)*(\+[a-z0-9]+(-[a-z0-9]+)*)?$/);
  for (const name of quickFaults) assert.equal(faultNamed(name).name, name);
  assert.throws(() => faultNamed("flood"), /`flood` is not a fault; the faults are switchover, /);
});

test("actions are data, for nodes that there are, with verbs that are known", () => {
  const script = readFileSync(join(packageRoot, "node", "drill", "fault"), "utf8");
  for (const { name, inject, heal } of faults) {
    const actions = [...inject(roles), ...heal(roles)];
    assert.ok(inject(roles).length > 0, `${name} does nothing`);
    assert.deepEqual(JSON.parse(JSON.stringify(actions)), actions);
    for (const action of actions) {
      const node = nodeOf(action);
      if (node !== undefined)
        assert.ok(
          roles.all.some((each) => each.name === node),
          name,
        );
      if (action.at === "node") assert.match(script, new RegExp(`^ {4}${action.verb}\\)`, "m"), name);
      if (action.at === "machine") assert.ok(machineVerbs.includes(action.verb));
    }
  }
});

/** What takes back what; everything else ends by itself. */
const counterparts: [RegExp, RegExp][] = [
  [/: power-off/, /: power-on/],
  [/: pause/, /: resume/],
  [/: unplug/, /: plug/],
  [/: cut (\w+)/, /: uncut/],
  [/: netem \S+ ./, /: netem \S+$/],
  [/: fill/, /: empty/],
  [/: clock -?3600/, /: clock 0/],
  [/: busy/, /: idle/],
  [/: bad-config/, /: good-config/],
  [/: docker stop/, /: docker start/],
  [/ STOP$/, / CONT$/],
  [/NFS server: kill/, /NFS server: start/],
  [/NFS server: stop/, /NFS server: continue/],
  [/: update/, /: take-back-update/],
  [/: spoil-configuration/, /: mend-configuration/],
  [/: stop-then-hang/, /: start-agent/],
  [/: hold-data/, /: leave-data/],
  [/: throttle/, /: unthrottle/],
  [/: kill-again/, /: kill-no-more/],
  [/: flood/, /: dry/],
  [/: freeze/, /: thaw/],
  [/: thrash/, /: recover-memory/],
  [/: yield 60/, /: yield 0/],
];

test("what lasts is taken back, on the same node", () => {
  for (const { name, inject, heal } of faults)
    for (const action of inject(roles))
      for (const [broken, mended] of counterparts) {
        if (!broken.test(shownAction(action))) continue;
        const found = heal(roles).some(
          (each) => nodeOf(each) === nodeOf(action) && mended.test(shownAction(each)),
        );
        assert.ok(found, `${name}: ${shownAction(action)} is not taken back`);
      }
});

test("every fault is bounded, and a pair costs at most what both cost", () => {
  for (const { name, bounds } of faults) {
    const { vipGap, serviceGap, twoHolders } = bounds(timing);
    for (const bound of [vipGap ?? 1, serviceGap, twoHolders])
      assert.ok(Number.isFinite(bound) && bound > 0 && bound < 600_000, `${name}: ${bound}`);
  }
  assert.equal(faultNamed("switchover").bounds(timing).vipGap, timing.planned + 280);
});

test("what only a machine of ours, or the lab, can do is said", () => {
  for (const { name, needs, inject } of faults)
    for (const action of inject(roles)) {
      if (action.at === "server") assert.ok(needs.includes("server"), name);
      if (action.at === "machine" && action.verb === "power-off") assert.ok(needs.includes("power"), name);
      if (action.at === "machine" && action.verb === "pause") assert.ok(needs.includes("pause"), name);
      if (action.at === "machine" && action.verb === "unplug") assert.ok(needs.includes("link"), name);
    }
});
