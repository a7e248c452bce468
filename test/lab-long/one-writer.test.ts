import assert from "node:assert/strict";
import { copyFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before } from "node:test";
import { faultNamed } from "../../drill/faults";
import { packageRoot } from "../../system/root";
import { forgetData, haRancher, healthy, stack } from "../lab/command";
import { step } from "../lab/steps";
import { asRoot, healthyWithin, labNodes, runTrial, type Trial, trialTable } from "./trial";

/*
 * One writer, on real machines: a client writes numbers through the VIP while the node that serves is broken in each of
 * these ways, ONE_WRITER_TRIALS times each (default 5); ONE_WRITER_FAULTS names some of them.
 */

const stackFile = join(packageRoot, `Pulumi.${stack}.yaml`);
const url = "https://192.168.56.10";
const count = Number(process.env.ONE_WRITER_TRIALS ?? 5);
const names = process.env.ONE_WRITER_FAULTS?.split(",") ?? [
  "power-off",
  "pause-60s",
  "nfs-partition",
  "peer-partition",
  "keepalived-kill-both",
  "nfs-server-restart",
];

/** Milliseconds with two containers: a paused node's goes on until its guard has looked once. */
const allowed = (fault: string): number => (fault.startsWith("pause") ? 3_000 : 0);

const trials: Trial[] = [];

before(() => {
  process.env.HA_RANCHER_LAB_NAME = "test";
  copyFileSync(join(packageRoot, "Pulumi.dev.yaml"), stackFile);
});

after(async () => {
  if (trials.length) console.log(trialTable(trials));
  await haRancher("down");
  rmSync(stackFile, { force: true });
  forgetData();
});

step("up, and each node's watchdog is fed by its PID 1", async () => {
  assert.equal((await haRancher("up")).code, 0);
  const { nodes } = await healthy(healthyWithin);
  for (const { name, status: node } of nodes) {
    const { fencing, timers } = node as {
      fencing?: unknown;
      timers?: { lease: number; serverLease: number };
    };
    assert.deepEqual(fencing, { agent: null, watchdog: true }, name);
    assert.equal(timers?.serverLease, timers?.lease, "the lease time that the server told");
  }
});

for (const name of names)
  step(`${name}: nothing acknowledged is lost, and one container runs at a time`, async () => {
    const fault = faultNamed(name);
    for (let number = 1; number <= count; number++) {
      const trial = await runTrial(fault, url, number);
      trials.push(trial);
      console.log(JSON.stringify(trial));
      assert.deepEqual(trial.lost, [], "acknowledged writes that are not there");
      assert.ok(trial.twoContainers <= allowed(name), `two containers for ${trial.twoContainers} ms`);
      assert.equal(trial.holders.length, 1);
      const epochs = trial.epochs.map(([epoch]) => epoch);
      assert.deepEqual(
        epochs,
        [...new Set(epochs)].sort((a, b) => a - b),
        `epochs must grow, each with one owner: ${JSON.stringify(trial.epochs)}`,
      );
    }
  });

step("a switchover ends the service before the VIP moves", async () => {
  const { holders, nodes } = await healthy(healthyWithin);
  const target = nodes.find(({ name }) => !holders.includes(name))?.name ?? "";
  assert.equal((await haRancher("switchover", target)).code, 0);
  assert.deepEqual((await healthy(healthyWithin)).holders, [target]);
  const old = (await labNodes()).find(({ name }) => name === holders[0]) ?? assert.fail("no node");
  const { stdout } = await asRoot(old, "journalctl --unit ha-rancher-guard --since -10min --output cat");
  const [, said = ""] = stdout.split(/state=STOPPING from=\w+ epoch=\d+ reason="told to hand over"/);
  assert.match(said, /^\nstate=STANDBY from=STOPPING/, `another reason, or not in order:\n${stdout}`);
});
