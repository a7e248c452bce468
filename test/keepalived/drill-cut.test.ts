import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Rig, rigVip } from "../../drill/rig/rig";
import { ip } from "../../drill/rig/rig-node";
import { packageRoot } from "../../local/root";
import { specOf } from "./spec";

/* What the drill cuts with, on a real network: a node that is cut off is not told of by ARP either. */

const program = join(packageRoot, "node", "drill", "fault");

test("a node that is cut off from all claims the VIP no longer, and is still found by its own address", async (t) => {
  const rig = await Rig.make();
  t.after(() => rig.end());
  const [a, b] = [rig.node("a"), rig.node("b")];
  writeFileSync(join(a.folder, "etc/ha-rancher/guard.conf"), `VIP=${rigVip.address}\n`);
  const fault = (...words: string[]): string => a.run([program, ...words]);
  const known = (address: string): string =>
    / lladdr (\S+)/.exec(ip("-n", rig.client, "neigh", "show", "to", address))?.[1] ?? "";
  const garp = { delay: 1, repeat: 3, refresh: 1, refreshRepeat: 1, lowerPriorityRepeat: 2, interval: 0 };
  await rig.start({ ...specOf({}), garp });
  assert.equal(known(rigVip.address), a.mac);

  assert.match(fault("cut", "all", a.vrrp.address, "22"), /^\{"effect":[\d.]+\}\n$/);
  await rig.until(() => rig.probe.latest === "b", "b to answer");
  assert.deepEqual(rig.holders(), ["a", "b"], "it has the VIP, and reminds everybody of that each second");
  for (let i = 0; i < 60; i++) {
    assert.equal(known(rigVip.address), b.mac);
    await sleep(50);
  }
  ip("-n", rig.client, "neigh", "replace", a.vrrp.address, "dev", "eth1", "use");
  await rig.until(() => known(a.vrrp.address) === a.mac, "its own address to be known");

  // As often as one likes.
  for (let i = 0; i < 2; i++) fault("uncut", "all");
  assert.doesNotMatch(a.run(["nft", "list", "ruleset"]), /drill/);
  await rig.until(() => rig.holders().length === 1, "one to give it back");
});
