import assert from "node:assert/strict";
import { join } from "node:path";
import { packageRoot } from "../../local/root";
import { haRancher, healthy, onNode, status } from "../lab/command";
import { drill } from "../lab/drilled";
import { step } from "../lab/steps";
import { withStack } from "../lab/with-stack";
import { vip } from "./values";

/*
 * The drill on real machines: through Rancher's own API, and where something always starts the container. There it fails, since a
 * drill that cannot fail says nothing. That it holds with the real agent is a step of test/lab.
 */

withStack({ goesDown: true });

/** Replaces the agents: the standby's first, so that the VIP has somewhere to go. */
async function alwaysStart(): Promise<void> {
  const { holders, nodes } = await status();
  const names = nodes.map(({ name }) => name).sort((name) => (holders.includes(name) ? 1 : -1));
  const there = "/run/ha-rancher/always-start";
  const commands = [
    `cat >${there}`,
    "systemctl stop ha-rancher-agent ha-rancher-lease",
    // No agent has run here, for all that anybody can tell.
    "rm -f /run/ha-rancher/running.json",
    `systemd-run --unit always-start bash ${there}`,
  ];
  for (const name of names)
    await onNode(name, commands.join(" && "), join(packageRoot, "test", "lab-long", "always-start"));
}

step("up", async () => {
  assert.equal((await haRancher("up")).code, 0);
  await healthy(180);
});

step("it writes through Rancher's API with the bootstrap password, which nobody tells it", async () => {
  const { report } = await drill(
    ...["--fault", "container-kill", "--trials", "1"],
    ...["--writes", `rancher://${vip}`],
  );
  const [row] = report.rows;
  assert.ok((row?.acknowledged ?? 0) > 10, JSON.stringify(row));
  assert.deepEqual([row?.lost, row?.duplicated, row?.breaches], [0, 0, []]);
});

step("where something always starts the container, the drill fails, and says why", async () => {
  await alwaysStart();
  await healthy(180);
  const { code, report } = await drill("--fault", "switchover", "--trials", "1");
  assert.equal(code, 1);
  assert.match(report.rows[0]?.breaches.join("; ") ?? "", /\bI[12]: /);
});

step("down", async () => {
  assert.equal((await haRancher("down")).code, 0);
});
