import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { keepalivedConf, keepalivedWord, takeoverBound } from "../../components/keepalived-conf";

const conf = {
  node: "rancher-1",
  address: "192.168.56.11",
  interface: "eth1",
  peers: ["192.168.56.12", "192.168.56.13"],
  vip: { address: "192.168.56.10", prefix: 24 },
  priority: 150,
  virtualRouterId: 10,
  advertInterval: 0.2,
};

test("a node's file names its peers, its priority and the VIP with the subnet's prefix", () => {
  const text = keepalivedConf(conf);
  assert.match(text, /unicast_peer \{\n {8}192\.168\.56\.12\n {8}192\.168\.56\.13\n {4}\}/);
  assert.match(text, /virtual_ipaddress \{\n {8}192\.168\.56\.10\/24 dev eth1\n {4}\}/);
  assert.match(text, /^ {4}priority 150$/m);
  assert.match(text, /^ {4}advert_int 0\.2$/m);
  assert.match(text, /^ {4}vrrp_version 3$/m);
});

test("every node starts as BACKUP, and no weight can stop a failover", () => {
  const text = keepalivedConf(conf);
  assert.match(text, /state BACKUP\n {4}nopreempt/);
  assert.match(text, /track_file ha_rancher \{\n.*\n {4}weight 0\n/);
});

test("a node without a guard does not take the VIP", () => {
  assert.match(keepalivedConf(conf), /^ {4}init_file 1$/m);
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
  for (const nasty of ["", "a b", "eth1\n}", "x#", "!x", "$(x)", "{", '"a"', "-x", "é"])
    assert.throws(() => keepalivedWord(nasty), /cannot stand in keepalived\.conf/);
});

test("the takeover bound is the formula for the least preferred backup", () => {
  // skew = (256 - 100) / 256 * 0.2 s = 0.122 s
  assert.deepEqual(takeoverBound(0.2, [150, 100]), { crash: 0.722, planned: 0.122 });
  assert.deepEqual(takeoverBound(1, [150, 140]), { crash: 3.453, planned: 0.453 });
});
