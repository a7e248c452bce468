import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { keepalivedConf, specFingerprint } from "../../domain/keepalived-conf";
import { featuresOf, minimumVersion } from "../../domain/keepalived-version";
import { keepalivedCommand, keepalivedWord } from "../../domain/keepalived-words";
import { compareVersions } from "../../domain/version";
import { vipFacts } from "../../domain/vip-facts";
import { takeoverBound, type VrrpSpec } from "../../domain/vrrp";
import { parseSettings } from "../../settings";
import { vrrpSpec } from "../../settings/floating-ip";

const one = { name: "rancher-1", address: "192.168.56.11", priority: 150 };
const two = { name: "rancher-2", address: "192.168.56.12", priority: 140 };
const three = { name: "rancher-3", address: "192.168.56.13", priority: 130 };

/** The spec that a stack's settings make. */
function specOf(more: Record<string, unknown> = {}): VrrpSpec {
  const text = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));
  const raw = {
    vip: "192.168.56.10/24",
    nodes: [
      { name: "a", address: "192.168.56.11" },
      { name: "b", address: "192.168.56.12" },
    ],
    ...more,
  };
  return vrrpSpec(
    parseSettings(Object.fromEntries(Object.entries(raw).map(([key, value]) => [key, text(value)]))),
  );
}

const conf = (spec = specOf(), version = "2.2.7"): string =>
  keepalivedConf({ spec, node: one, interface: "eth1", peers: [two, three], version });

test("a node's file names its peers, its priority and the VIP with the subnet's prefix", () => {
  const text = conf();
  assert.match(text, /unicast_peer \{\n {8}192\.168\.56\.12\n {8}192\.168\.56\.13\n {4}\}/);
  assert.match(text, /virtual_ipaddress \{\n {8}192\.168\.56\.10\/24 dev eth1\n {4}\}/);
  assert.match(text, /^ {4}priority 150$/m);
  assert.match(text, /^ {4}advert_int 0\.2$/m);
  assert.match(text, /^ {4}vrrp_version 3$/m);
});

test("a node's facts are what the settings say, as a shell reads them", () => {
  const facts = vipFacts({
    spec: specOf(),
    node: one,
    interface: "eth1",
    peers: [two, three],
    version: "2.2.7",
  });
  assert.deepEqual(facts.split("\n").slice(1), [
    "OWN_ADDRESSES='192.168.56.11'",
    "VIPS='192.168.56.10/24'",
    "INTERFACE='eth1'",
    "PEERS='192.168.56.12 192.168.56.13'",
    "HEARD='3'",
    "REAL_TIME_PRIORITY='50'",
    "",
  ]);
  for (const bad of ["a'b", "$(x)", "a\nb", ""])
    assert.throws(
      () => vipFacts({ spec: specOf(), node: one, interface: bad, peers: [two], version: "2.2.7" }),
      /cannot stand in keepalived\.conf/,
    );
});

test("every node starts as BACKUP, and no weight can stop a failover", () => {
  const text = conf();
  assert.match(text, /state BACKUP\n {4}nopreempt/);
  assert.equal(text.match(/^track_file/gm)?.length, 3);
  assert.equal(text.match(/^ {4}weight 0$/gm)?.length, 3);
});

test("a node without a guard does not take the VIP; one that was never told to yield does", () => {
  const text = conf();
  assert.match(text, /file \/run\/ha-rancher\/track\n {4}weight 0\n {4}init_file 1\n/);
  assert.match(text, /file \/run\/ha-rancher\/yield\n {4}weight 0\n {4}init_file 0\n/);
  assert.match(text, /file \/etc\/ha-rancher\/maintenance\n {4}weight 0\n {4}init_file 0\n/);
});

test("further VIPs are not named in the adverts, so that nodes with and without them still hear each other", () => {
  const text = conf(specOf({ furtherVips: ["192.168.56.20/24", "fd00:56::10/64"] }));
  assert.match(text, /virtual_ipaddress \{\n {8}192\.168\.56\.10\/24 dev eth1\n {4}\}/);
  assert.match(
    text,
    /virtual_ipaddress_excluded \{\n {8}192\.168\.56\.20\/24 dev eth1\n {8}fd00:56::10\/64 dev eth1\n {4}\}/,
  );
  assert.doesNotMatch(text, /vrrp_sync_group/);
});

test("IPv6 VIPs have an instance of their own where the nodes have IPv6 addresses, in a group with the other", () => {
  const spec = specOf({ furtherVips: ["fd00:56::10/64", "fd00:56::20/64", "192.168.56.20/24"] });
  const six = (node: typeof one, address6: string) => ({ ...node, address6 });
  const settings = {
    ...{ spec, node: six(one, "fd00:56::11"), interface: "eth1", version: "2.2.7" },
    peers: [six(two, "fd00:56::12")],
  };
  const text = keepalivedConf(settings);
  const [, main = "", other = "", group = ""] = text.split(/^vrrp_(?:instance|sync_group) /m);
  assert.match(main, /virtual_ipaddress_excluded \{\n {8}192\.168\.56\.20\/24 dev eth1\n {4}\}/);
  assert.match(
    other,
    /unicast_src_ip fd00:56::11[\s\S]*fd00:56::12[\s\S]*virtual_ipaddress \{\n {8}fd00:56::10\/64/,
  );
  assert.match(other, /virtual_ipaddress_excluded \{\n {8}fd00:56::20\/64 dev eth1\n {4}\}/);
  assert.match(group, /group \{\n {8}ha_rancher\n {8}ha_rancher_6\n {4}\}/);
  // In a group, what is tracked counts for the group.
  assert.doesNotMatch(main + other, /track_file \{/);
  assert.match(group, /track_file \{\n {8}ha_rancher\n {8}ha_rancher_yield\n {8}ha_rancher_maintenance\n/);
  const facts = vipFacts(settings);
  assert.match(facts, /^PEERS='192\.168\.56\.12 fd00:56::12'$/m);
  assert.match(facts, /^OWN_ADDRESSES='192\.168\.56\.11 fd00:56::11'$/m);
  assert.match(facts, /^VIPS='192\.168\.56\.10\/24 fd00:56::10\/64 fd00:56::20\/64 192\.168\.56\.20\/24'$/m);
});

test("no value can break out of its line", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (value) => {
      let word: string;
      try {
        word = keepalivedWord(value);
      } catch {
        return;
      }
      assert.match(word, /^[\w.:/-]+$/);
      assert.equal(word, value);
    }),
  );
  for (const nasty of [
    "",
    "a b",
    "eth1\n}",
    "x#",
    "!x",
    "$(x)",
    "{",
    '"a"',
    "-x",
    "é",
    "~SEQ",
    "@host",
    "x\0",
  ])
    assert.throws(() => keepalivedWord(nasty), /cannot stand in keepalived\.conf/);
});

test("a command stays one command", () => {
  assert.equal(keepalivedCommand("/usr/bin/test -e /run/x=1,2%"), '"/usr/bin/test -e /run/x=1,2%"');
  for (const nasty of [
    "",
    " ",
    "  x",
    "$x",
    "#",
    "!",
    '"',
    "'",
    "\\",
    "{",
    "}",
    "a\nb",
    "a\tb",
    "é",
    "~",
    "`",
    ";",
  ])
    assert.throws(() => keepalivedCommand(`/bin/true ${nasty}`), /cannot stand in keepalived\.conf/, nasty);
  assert.throws(() => keepalivedCommand("true"), /cannot stand/);
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (value) => {
      try {
        assert.match(keepalivedCommand(`/bin/true ${value}`), /^"[\w ./:=,@%+-]+"$/);
      } catch (error) {
        assert.match(String(error), /cannot stand in keepalived\.conf/);
      }
    }),
  );
});

test("the first line names what all nodes share, and the hash of the rest", () => {
  const spec = specOf();
  const mine = conf(spec).split("\n")[0];
  const theirs = keepalivedConf({
    spec,
    node: two,
    interface: "enp0s8",
    peers: [three, one],
    version: "2.2.7",
  });
  const [, , shared, rest] = mine?.split(" ") ?? [];
  assert.equal(shared, specFingerprint(spec, [one, two, three]));
  assert.equal(theirs.split(" ")[2], shared);
  assert.notEqual(theirs.split("\n")[0]?.split(" ")[3], rest);
  assert.notEqual(specFingerprint({ ...spec, advertInterval: 0.3 }, [one, two, three]), shared);
  assert.notEqual(specFingerprint(spec, [one, two]), shared);
});

test("options that a version does not know are left out, and needed ones refused", () => {
  assert.match(conf(specOf(), "2.2.7"), /unicast_fault_no_peer/);
  assert.match(conf(specOf(), "2.2.7"), /down_timer_adverts 3/);
  assert.doesNotMatch(conf(specOf(), "2.2.4"), /unicast_fault_no_peer/);
  assert.doesNotMatch(conf(specOf(), "2.1.5"), /down_timer_adverts/);
  const more = specOf({ keepalived: { downTimerAdverts: 5 } });
  assert.match(conf(more, "2.2.3"), /down_timer_adverts 5/);
  assert.throws(() => conf(more, "2.2.2"), /`keepalived\.downTimerAdverts` needs keepalived 2\.2\.3/);
  assert.throws(() => conf(specOf(), "2.0.19"), /2\.0\.19 is too old: at least 2\.1\.5/);
  assert.throws(() => featuresOf("new"), /is not a version/);
  assert.equal(compareVersions("2.2.10", "2.2.9"), 1);
  assert.equal(compareVersions("2.3", "2.3.0"), 0);
  assert.equal(compareVersions(minimumVersion, "2.4.0"), -1);
});

test("the takeover bound is the formula for the least preferred backup", () => {
  const bound = (more: Record<string, unknown>, priorities: number[]) =>
    takeoverBound(specOf(more), priorities);
  // skew = (256 - 100) / 256 * 0.2 s = 0.122 s
  assert.deepEqual(bound({}, [150, 100]), { crash: 0.722, planned: 0.122 });
  assert.deepEqual(bound({ preset: "steady" }, [150, 140]), { crash: 3.453, planned: 0.453 });
  assert.deepEqual(bound({ preset: "instant" }, [150, 140]), { crash: 0.173, planned: 0.023 });
  assert.deepEqual(bound({ keepalived: { downTimerAdverts: 5 } }, [150, 140]), {
    crash: 1.091,
    planned: 0.091,
  });
  // Version 2 has its skew in whole seconds' parts, whatever the interval.
  assert.deepEqual(bound({ advertInterval: "2", keepalived: { version: 2 } }, [150, 128]), {
    crash: 6.5,
    planned: 0.5,
  });
});
