import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { environment, scriptedNode } from "./scripted-node";
import { specOf } from "./spec";

const firewallCmd = `#!/bin/bash
f=/run/rules; [[ $* == *--permanent* ]] && f=/run/rules-permanent; touch $f
for a; do
  case $a in
    --list-rich-rules) cat $f ;;
    --add-rich-rule=*) echo "\${a#*=}" >>$f ;;
    --remove-rich-rule=*) grep -vxF "\${a#*=}" $f >$f.new; mv $f.new $f ;;
  esac
done
`;

const ruleFor = (family: string, address: string): string =>
  `rule family="${family}" source address="${address}" protocol value="vrrp" accept\n`;

const on = scriptedNode();

it("the firewall lets the peers' adverts in, also past a strict rule set, and strangers' not", async () => {
  const strict =
    "table inet filter { chain input { type filter hook input priority 0; policy drop; ip protocol udp accept; }; }";
  on.node.run(["nft", "-f", "-"], `${strict}\n`);
  const [a, b] = [on.node, on.rig.node("b")];
  for (const each of [a, b]) each.configure(on.rig.conf(each, specOf({})), on.rig.facts(each, specOf({})));
  a.run(["/usr/local/lib/ha-rancher/current/keepalived/firewall", "open"]);
  // Twice is as once.
  a.run(["/usr/local/lib/ha-rancher/current/keepalived/firewall", "open"]);
  assert.equal(on.rules().match(/comment "ha-rancher"/g)?.length, 2, "one for IPv4, one for IPv6");
  b.start();
  await on.rig.until(() => b.holdsVip, "b to hold the VIP");
  await on.rig.until(
    () => /192\.168\.56\.12/.test(a.run(["nft", "list", "set", "inet", "ha_rancher", "heard4"])),
    "a to hear b",
  );
  a.start();
  await on.rig.until(() => a.state === "BACKUP", "a to be a backup");
  await sleep(1_500);
  assert.deepEqual(on.rig.holders(), ["b"], "a hears b");

  // From another address b is a stranger.
  const moved = (text: string): string => text.replaceAll("192.168.56.12", "192.168.56.77");
  a.configure(moved(on.rig.conf(a, specOf({}))), moved(on.facts()));
  a.run(["/usr/local/lib/ha-rancher/current/keepalived/firewall", "open"]);
  await on.rig.until(() => a.holdsVip, "a not to hear the stranger");
  await on.rig.stop();
  a.run(["/usr/local/lib/ha-rancher/current/keepalived/firewall", "close"]);
  assert.doesNotMatch(on.rules(), /ha.rancher/);
  assert.match(on.rules(), /policy drop/, "what was there before is as it was");
});

it("what somebody else's rule drops does not count as heard", async () => {
  const b = on.rig.node("b");
  b.configure(on.rig.conf(b, specOf({})), on.rig.facts(b, specOf({})));
  on.node.configure(on.good(), on.facts());
  on.node.run(["/usr/local/lib/ha-rancher/current/keepalived/firewall", "open"]);
  on.node.run(
    ["nft", "-f", "-"],
    "table ip x { chain input { type filter hook input priority 0; ip protocol 112 drop; }; }\n",
  );
  b.start();
  await on.rig.until(() => b.holdsVip, "b to hold the VIP");
  await sleep(1_000);
  assert.doesNotMatch(on.node.run(["nft", "list", "set", "inet", "ha_rancher", "heard4"]), /192\.168/);
  await on.rig.stop();
});

it("where firewalld is active, the peers are let in there, now and after a boot", () => {
  writeFileSync(on.path("run/firewalld"), "");
  on.program("firewall-cmd", firewallCmd);
  on.node.configure(on.good(), on.facts());
  const rule = ruleFor("ipv4", "192.168.56.12") + ruleFor("ipv6", "fd00:56::12");
  for (const name of ["rules", "rules-permanent"])
    writeFileSync(on.path(`run/${name}`), 'rule family="ipv4" service name="ssh" accept\n');
  const read = (name: string): string => readFileSync(on.path(`run/${name}`), "utf8");
  for (let i = 0; i < 2; i++)
    on.node.run(["/usr/local/lib/ha-rancher/current/keepalived/firewall", "open"], "", environment);
  for (const name of ["rules", "rules-permanent"])
    assert.equal(read(name), `rule family="ipv4" service name="ssh" accept\n${rule}`);
  on.node.run(["/usr/local/lib/ha-rancher/current/keepalived/firewall", "close"], "", environment);
  for (const name of ["rules", "rules-permanent"])
    assert.equal(read(name), 'rule family="ipv4" service name="ssh" accept\n');
});
