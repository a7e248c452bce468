import assert from "node:assert/strict";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { it } from "node:test";
import { parseLook } from "../../providers/vip/scripts";
import { scriptedNode, sum } from "./scripted-node";
import { specOf } from "./spec";

const on = scriptedNode();
const facts = (): string => readFileSync(on.path("etc/ha-rancher/vip.env"), "utf8");

it("swap brings a file into force, starts keepalived and opens the firewall", () => {
  const text = on.good();
  const first = on.swap(text);
  assert.equal(first.code, 0, first.stderr);
  assert.equal(on.file(), text);
  assert.equal(facts(), on.facts());
  assert.match(on.log(), /daemon-reload\n[\s\S]*start keepalived[\s\S]*enable --quiet keepalived/);
  assert.match(on.rules(), /ip saddr 192\.168\.56\.12 update @heard4/);
  assert.deepEqual(readdirSync(on.path("etc/keepalived")), ["keepalived.conf"]);
});

it("swap reloads a running keepalived for a change, and leaves it alone without one", () => {
  on.swap(on.good());
  rmSync(on.path("run/log"));
  assert.equal(on.swap(on.good()).stdout, "unchanged\n");
  assert.doesNotMatch(on.log(), /^(reload|restart|start)/m);
  assert.equal(on.swap(on.rig.conf(on.node, specOf({ preset: "steady" }))).stdout, "yes\n");
  assert.match(on.log(), /^reload keepalived/m);
  assert.doesNotMatch(on.log(), /^(restart|start|stop)/m);
});

it("swap brings facts into force that are new alone, and needs no reload for them", () => {
  on.swap(on.good());
  rmSync(on.path("run/log"));
  const news = on.facts().replace(/^PEERS=.*$/m, "PEERS='192.168.56.77'");
  assert.equal(on.swap(on.good(), news).code, 0);
  assert.equal(facts(), news);
  assert.match(on.rules(), /ip saddr 192\.168\.56\.77 update @heard4/);
  assert.doesNotMatch(on.log(), /^(reload|restart|start|stop)/m);
  assert.deepEqual(readdirSync(on.path("etc/ha-rancher")), ["vip.env"]);
});

it("swap does not let a file that keepalived refuses replace a good one", () => {
  on.swap(on.good());
  rmSync(on.path("run/log"));
  const refused = on.swap(on.good().replace("interface eth1", "interface eth9"), "OTHER=''\n");
  assert.equal(refused.code, 81, refused.stderr);
  assert.match(refused.stderr, /keepalived refuses the file/);
  assert.equal(on.file(), on.good());
  assert.equal(facts(), on.facts());
  assert.doesNotMatch(on.log(), /reload|start/);
  assert.deepEqual(readdirSync(on.path("etc/keepalived")), ["keepalived.conf"]);
});

it("swap does not use half a file", () => {
  on.swap(on.good());
  const half = on.script("swap", [sum(on.good()), "OTHER=''\n"], on.good().slice(0, 300));
  assert.equal(half.code, 1);
  assert.match(half.stderr, /did not arrive completely/);
  assert.equal(on.file(), on.good());
  assert.equal(facts(), on.facts());
});

it("swap mends a keepalived that is stopped, disabled or masked", () => {
  on.swap(on.good());
  for (const state of [
    "active=inactive\nenabled=enabled",
    "active=inactive\nenabled=masked",
    "active=active\nenabled=disabled",
  ]) {
    writeFileSync(on.path("run/unit"), `${state}\n`);
    assert.equal(on.swap(on.good()).code, 0);
    assert.equal(readFileSync(on.path("run/unit"), "utf8"), "active=active\nenabled=enabled\n");
  }
});

it("swap tells when keepalived does not survive the file", () => {
  writeFileSync(on.path("run/dies"), "");
  const ended = on.swap(on.good());
  assert.equal(ended.code, 82);
  assert.match(ended.stderr, /does not run with the file/);
});

it("look finds what differs", () => {
  on.swap(on.good());
  const well = parseLook(on.script("look").stdout);
  assert.match(well.version ?? "", /^2\./);
  assert.equal(well.content, on.good());
  assert.equal(well.facts, on.facts());
  assert.deepEqual([well.faults, well.missing], [[], []]);
  on.node.run(["nft", "flush", "table", "inet", "ha_rancher"]);
  assert.deepEqual(parseLook(on.script("look").stdout).faults, ["the firewall's rules are gone"]);

  writeFileSync(on.path("run/unit"), "active=failed\nenabled=masked\n");
  on.node.run(["nft", "flush", "ruleset"]);
  on.node.configure(`${on.good()}# by hand, without a line's end`);
  const ill = parseLook(on.script("look").stdout);
  assert.equal(ill.content, `${on.good()}# by hand, without a line's end`);
  assert.deepEqual(ill.faults, [
    "keepalived is failed",
    "keepalived is masked at boot",
    "the firewall's rules are gone",
  ]);
  rmSync(on.path("etc/keepalived/keepalived.conf"));
  assert.equal(parseLook(on.script("look").stdout).content, undefined);
  assert.throws(() => parseLook("bash: no"), /printed no JSON: bash: no/);
});

it("remove leaves no VIP, rule or file, and gives a former file back", () => {
  writeFileSync(on.path("etc/keepalived/keepalived.conf"), "! somebody's own\n");
  on.swap(on.good());
  // Left by a keepalived that was killed; one is on another interface, one has another prefix.
  on.node.run(["ip", "addr", "add", "192.168.56.10/24", "dev", "eth1"]);
  on.node.run(["ip", "addr", "add", "192.168.56.10/32", "dev", "eth0"]);
  on.node.run(["ip", "addr", "add", "fd00:56::10/64", "dev", "eth1", "nodad"]);
  on.program("apt-get", '#!/bin/bash\necho "apt-get $*" >>/run/log\n');
  const ended = on.script("remove", ["192.168.56.10/24", "fd00:56::10/64", "--", "nftables"]);
  assert.equal(ended.code, 0, ended.stderr);
  const addresses = on.node.run(["ip", "-o", "addr"]);
  assert.doesNotMatch(addresses, /192\.168\.56\.10\/|fd00:56::10\//);
  assert.match(addresses, /192\.168\.56\.11\/24/, "the node's own address is not touched");
  assert.equal(on.rules(), "");
  assert.equal(on.file(), "! somebody's own\n");
  assert.match(on.log(), /disable --quiet --now keepalived/);
  assert.match(on.log(), /apt-get purge -y .*nftables/);
  // Gone already: no error.
  assert.equal(on.script("remove", ["192.168.56.10/24", "--"]).code, 0);
});
