import assert from "node:assert/strict";
import { test } from "node:test";
import { keepalivedConf } from "../../domain/keepalived-conf";
import { vipFacts } from "../../domain/vip-facts";
import { completeSpec, type VrrpSpec } from "../../domain/vrrp";
import type { AddressVip } from "../../workloads/address";
import { floatingIpOf } from "../../workloads/address/floating-ip";

const one = { name: "web-1", address: "192.168.56.11", address6: "fd00:56::11", priority: 150 };
const two = { name: "web-2", address: "192.168.56.12", address6: "fd00:56::12", priority: 140 };
const three = { name: "web-3", address: "192.168.56.13", address6: "fd00:56::13", priority: 130 };

const vip = (last: number) => ({ address: `192.168.56.${last}`, prefix: 24 });
const web: AddressVip = { name: "web", vip: vip(10), checks: [{ tcp: 80 }] };
const api: AddressVip = { name: "api", vip: vip(20), preferred: "web-3", preempt: true };

const specOf = (...vips: AddressVip[]): VrrpSpec => completeSpec(floatingIpOf({ vips }));

const conf = (spec: VrrpSpec, node = one): string => {
  const peers = [one, two, three].filter((each) => each !== node);
  return keepalivedConf({ spec, node, interface: "eth1", peers, version: "2.2.7" });
};

/** The lines of a block, without indentation. */
const block = (text: string, head: string): string[] => {
  const found = new RegExp(`^${head} \\{\\n([\\s\\S]*?)^\\}`, "m").exec(text)?.[1];
  assert.ok(found !== undefined, `${head} in\n${text}`);
  return found.split("\n").map((line) => line.trim());
};

test("each VIP has an instance, a router id and a file of its own", () => {
  const text = conf(specOf(web, api));
  const [first, second] = [block(text, "vrrp_instance ha_rancher"), block(text, "vrrp_instance vip_api")];
  assert.ok(first.includes("virtual_router_id 10") && first.includes("192.168.56.10/24 dev eth1"));
  assert.ok(second.includes("virtual_router_id 20") && second.includes("192.168.56.20/24 dev eth1"));
  assert.ok(first.includes("vip_web") && !first.includes("vip_api"));
  assert.ok(second.includes("vip_api") && !second.includes("vip_web"));
  // What an operator orders is for all of them; the file of the only one is nobody's.
  for (const lines of [first, second])
    assert.ok(lines.includes("ha_rancher_yield") && lines.includes("ha_rancher_maintenance"));
  assert.doesNotMatch(text, /ha-rancher\/track$/m);
  assert.deepEqual(block(text, "track_file vip_api"), [
    "file /run/ha-rancher/track-api",
    "weight 0",
    "init_file 1",
    "",
  ]);
});

test("a preferred node has the highest priority, and the others theirs in their order", () => {
  const spec = specOf(web, api);
  const priorities = [one, two, three].map((node) => {
    const text = conf(spec, node);
    return ["ha_rancher", "vip_api"].map((name) =>
      block(text, `vrrp_instance ${name}`).find((line) => line.startsWith("priority")),
    );
  });
  assert.deepEqual(priorities, [
    ["priority 150", "priority 140"],
    ["priority 140", "priority 130"],
    ["priority 130", "priority 150"],
  ]);
});

test("back by setting, each VIP by itself", () => {
  const text = conf(specOf(web, { ...api, preemptDelay: 5 }));
  assert.ok(block(text, "vrrp_instance ha_rancher").includes("nopreempt"));
  assert.ok(!block(text, "vrrp_instance vip_api").includes("nopreempt"));
  assert.ok(block(text, "vrrp_instance vip_api").includes("preempt_delay 5"));
});

test("a weight is a file of its own, that lessens the priority, and keeps its VIP in one instance", () => {
  const weighed = {
    ...api,
    checks: [{ tcp: 81, weight: 30 }],
    furtherVips: [{ address: "fd00:56::20", prefix: 64 }],
  };
  const text = conf(specOf(web, weighed));
  assert.deepEqual(block(text, "track_file weight_api"), [
    "file /run/ha-rancher/weight-api",
    "weight -1",
    "init_file 0",
    "",
  ]);
  assert.ok(block(text, "vrrp_instance vip_api").includes("fd00:56::20/64 dev eth1"));
  assert.doesNotMatch(text, /vip_api_6|track_file weight_web/);
});

test("IPv6 addresses move with their VIP, in a group with it", () => {
  const text = conf(specOf({ ...web, furtherVips: [{ address: "fd00:56::10", prefix: 64 }] }, api));
  assert.ok(block(text, "vrrp_instance ha_rancher_6").includes("virtual_router_id 10"));
  const group = block(text, "vrrp_sync_group ha_rancher_all");
  assert.ok(group.includes("ha_rancher") && group.includes("ha_rancher_6") && group.includes("vip_web"));
  assert.ok(!group.includes("vip_api"));
});

test("a node's programs know all VIPs, and each of its own addresses once", () => {
  const facts = vipFacts({
    spec: specOf(web, api),
    node: one,
    interface: "eth1",
    peers: [two],
    version: "2.2.7",
  });
  assert.match(facts, /^VIPS='192\.168\.56\.10\/24 192\.168\.56\.20\/24'$/m);
  assert.match(facts, /^OWN_ADDRESSES='192\.168\.56\.11'$/m);
});

test("names that cannot stand in keepalived.conf do not get there", () => {
  assert.throws(() => conf(specOf(web, { ...api, name: "a b" })), /cannot stand in keepalived\.conf/);
});
