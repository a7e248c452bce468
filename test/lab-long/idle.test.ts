import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { haRancher, healthy, onNode, type Status } from "../lab/command";
import { step } from "../lab/steps";
import { withStack } from "../lab/with-stack";

/*
 * False takeovers, on real machines: for IDLE_MINUTES (default 60) nobody touches a healthy stack. By the nodes' own
 * journals nothing has moved then: neither keepalived nor an agent has changed its state.
 */

const minutes = Number(process.env.IDLE_MINUTES ?? "60");
const healthyWithin = 240;

const epochOf = ({ nodes }: Status): number =>
  Math.max(...nodes.map(({ status }) => status?.lease?.epoch ?? 0));

withStack();

step("up", async () => {
  assert.equal((await haRancher("up")).code, 0);
  await healthy(healthyWithin);
});

step(`nothing moves in ${minutes} idle minutes`, async () => {
  const first = await healthy(healthyWithin);
  // Each node by its own clock: a journal is read by that.
  const since = await Promise.all(
    first.nodes.map(async ({ name }) => ({ name, from: (await onNode(name, "date +%s")).trim() })),
  );
  await sleep(minutes * 60_000);
  const moved: string[] = [];
  for (const { name, from } of since) {
    const said = await onNode(
      name,
      `journalctl --quiet --utc --since @${from} --output short-iso-precise -u keepalived -u ha-rancher-agent`,
    );
    moved.push(...said.split("\n").filter((line) => /Entering \w+ STATE|"event": "state"/.test(line)));
    const there = Number(await onNode(name, "cut -d. -f1 /proc/uptime"));
    assert.ok(there >= minutes * 60, `${name} has booted in the idle time`);
  }
  const last = await healthy(healthyWithin);
  console.log(`${minutes} idle minutes: ${moved.length} changes of state, epoch ${epochOf(last)}`);
  assert.deepEqual(moved, []);
  assert.deepEqual(last.holders, first.holders);
  assert.equal(epochOf(last), epochOf(first));
});
