import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Rig, rigVip } from "../../bench/rig";
import { ip } from "../../bench/rig-node";
import { packageRoot } from "../../system/root";

/* What the drill cuts with, on a real network: a node that is cut off is not told of by ARP either. */

const script = readFileSync(join(packageRoot, "drill", "nodes", "fault"), "utf8");

test("a node that is cut off from all claims the VIP no longer, and is still found by its own address", async (t) => {
  const rig = await Rig.make();
  t.after(() => rig.end());
  const node = rig.node("a");
  writeFileSync(join(node.folder, "etc/ha-rancher/guard.conf"), `VIP=${rigVip.address}\n`);
  ip("-n", node.namespace, "addr", "add", `${rigVip.address}/${rigVip.prefix}`, "dev", "eth1");
  const fault = (...words: string[]): string => node.run(["bash", "-s", "--", ...words], script);
  /** Who asks anew for an address learns whose it is. */
  const isFound = async (address: string): Promise<boolean> => {
    ip("-n", rig.client, "neigh", "flush", "all");
    ip("-n", rig.client, "neigh", "replace", address, "dev", "eth1", "use");
    const known = (): boolean => / lladdr /.test(ip("-n", rig.client, "neigh", "show", "to", address));
    return rig.until(known, "", 1_000).then(
      () => true,
      () => false,
    );
  };
  const found = async (): Promise<boolean[]> => [
    await isFound(rigVip.address),
    await isFound(node.vrrp.address),
  ];

  assert.deepEqual(await found(), [true, true]);
  assert.match(fault("cut", "all", "22"), /^struck [\d.]+$/m);
  assert.deepEqual(await found(), [false, true]);
  // As often as one likes.
  for (let i = 0; i < 2; i++) fault("uncut", "all");
  assert.equal(node.run(["nft", "list", "ruleset"]), "");
  assert.deepEqual(await found(), [true, true]);
});
