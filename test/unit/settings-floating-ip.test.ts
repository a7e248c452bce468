import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseVip } from "../../domain/network";
import { parseSettings } from "../../settings";
import { good, keepalived, one, raw, refuse, two } from "./settings-support";

/* What is refused of where the VIPs are, and of the nodes as VRRP sees them. */

refuse([
  [
    "equal priorities",
    {
      nodes: [
        { ...one, priority: 100 },
        { ...two, priority: 100 },
      ],
    },
    ["nodes[1].priority", "nodes[0]"],
    /equal priorities/,
  ],
  [
    "a priority that is another node's default",
    { nodes: [{ ...one, priority: 140 }, two] },
    ["nodes[1].priority", "nodes[0]"],
    /equal priorities/,
  ],
  [
    "the priority of the address's owner",
    { nodes: [{ ...one, priority: 255 }, two] },
    ["nodes[0].priority"],
    /at most 254/,
  ],
  ["priority 0", { nodes: [{ ...one, priority: 0 }, two] }, ["nodes[0].priority"], /at least 1/],
  ["a router id that does not exist", { virtualRouterId: "256" }, ["virtualRouterId"], /at most 255/],
  ["the VIP twice", { furtherVips: ["192.168.56.10/24"] }, ["furtherVips[0]", "vip"], /same address/],
  [
    "a further VIP twice in two forms",
    { furtherVips: ["fd00:56::10/64", "fd00:56:0::10/64"] },
    ["furtherVips[1]", "furtherVips[0]"],
    /same address/,
  ],
  [
    "a node's address as further VIP",
    { furtherVips: ["192.168.56.12/24"] },
    ["furtherVips[0]", "nodes[1]"],
    /moves between nodes/,
  ],
  [
    "a further VIP outside of the subnet",
    { furtherVips: ["10.0.0.10/24"] },
    ["furtherVips[0]", "vip", "subnet"],
    /nobody would find it/,
  ],
  [
    "a further VIP with another prefix",
    { furtherVips: ["192.168.56.20/25"] },
    ["furtherVips[0]", "vip"],
    /the prefix of/,
  ],
  ["a further VIP without prefix", { furtherVips: ["192.168.56.20"] }, ["furtherVips[0]"], /prefix/],
  ["a link-local VIP", { furtherVips: ["fe80::10/64"] }, ["furtherVips[0]"], /link-local/],
  ["a multicast VIP", { furtherVips: ["ff02::12/64"] }, ["furtherVips[0]"], /multicast/],
  ["a loopback VIP", { furtherVips: ["::1/128"] }, ["furtherVips[0]"], /loopback/],
  [
    "an IPv4 address in IPv6 form",
    { furtherVips: ["::ffff:192.168.56.20/120"] },
    ["furtherVips[0]"],
    /write it as IPv4/,
  ],
  [
    "a loopback address as the VIP",
    {
      vip: "127.0.0.10/24",
      subnet: "192.168.56.0/24",
    },
    ["vip"],
    /loopback/,
  ],
  ["further VIPs as text", { furtherVips: "192.168.56.20/24" }, ["furtherVips"], /list of addresses/],
  [
    "a node outside of the subnet that was said",
    { vip: "190.100.100.100/32", subnet: "192.168.0.0/24" },
    ["nodes[0].address", "nodes[1].address", "subnet"],
    /must be in/,
  ],
  ["a subnet for one host", { subnet: "192.168.56.0/32" }, ["subnet"], /\/8 to \/30/],
  ["a subnet that is none", { subnet: "here" }, ["subnet"], /IPv4 network/],
  [
    "an IPv6 address of one node only",
    { nodes: [{ ...one, address6: "fd00:56::11" }, two], furtherVips: ["fd00:56::10/64"] },
    ["nodes[].address6"],
    /all nodes or for none/,
  ],
  [
    "IPv6 addresses for nothing",
    {
      nodes: [
        { ...one, address6: "fd00:56::11" },
        { ...two, address6: "fd00:56::12" },
      ],
    },
    ["nodes[].address6", "furtherVips"],
    /IPv6 VIPs/,
  ],
  [
    "one IPv6 address for two",
    {
      nodes: [
        { ...one, address6: "fd00:56::11" },
        { ...two, address6: "fd00:56::0:11" },
      ],
      furtherVips: ["fd00:56::10/64"],
    },
    ["nodes[].address6"],
    /another one/,
  ],
  [
    "an IPv6 VIP of another network",
    {
      nodes: [
        { ...one, address6: "fd00:56::11" },
        { ...two, address6: "fd00:56::12" },
      ],
      furtherVips: ["fd00:57::10/64"],
    },
    ["furtherVips[0]"],
    /IPv6 network/,
  ],
  [
    "IPv6 with version 2",
    {
      preset: "steady",
      ...keepalived({ version: 2 }),
      nodes: [
        { ...one, address6: "fd00:56::11" },
        { ...two, address6: "fd00:56::12" },
      ],
      furtherVips: ["fd00:56::10/64"],
    },
    ["nodes[].address6", "keepalived.version"],
    /no IPv6/,
  ],
  [
    "an IPv4 address as address6",
    { nodes: [{ ...one, address6: "192.168.56.11" }, two] },
    ["nodes[0].address6"],
    /IPv6 address/,
  ],
]);

test("the VIP may be outside of the nodes' network if that is said", () => {
  const values = {
    vip: "190.100.100.100/32",
    subnet: "192.168.0.0/24",
    nodes: [
      { name: "a", address: "192.168.0.100" },
      { name: "b", address: "192.168.0.110" },
    ],
  };
  const settings = parseSettings(raw(values));
  assert.deepEqual(settings.vip, { address: "190.100.100.100", prefix: 32 });
  assert.deepEqual(settings.subnet, { address: "192.168.0.0", prefix: 24 });
});

test("presets are adverts; without one, and without an interval, it is fast", () => {
  const interval = (values: Record<string, unknown>) =>
    parseSettings(raw({ ...good, ...values })).advertInterval;
  assert.equal(interval({}), 0.2);
  assert.equal(interval({ preset: "steady" }), 1);
  assert.equal(interval({ preset: "instant" }), 0.05);
  assert.equal(interval({ advertInterval: "3" }), 3);
});

test("a VIP is an address and a prefix, and nothing else", () => {
  assert.deepEqual(parseVip("fd00::0010/64"), { address: "fd00::10", prefix: 64 });
  for (const text of [
    "",
    "/",
    "1.2.3/24",
    "1.2.3.4/33",
    "fd00::1/129",
    "1.2.3.4/ 8",
    "fe80::1%eth0/64",
    "1.2.3.4/24/1",
  ])
    assert.equal(parseVip(text), undefined, text);
  fc.assert(
    fc.property(fc.string(), (text) => {
      const vip = parseVip(text);
      assert.ok(vip === undefined || /^[0-9a-f.:]+$/.test(vip.address));
    }),
  );
});
