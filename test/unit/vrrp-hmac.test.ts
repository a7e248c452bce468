import assert from "node:assert/strict";
import { test } from "node:test";
import { keepalivedConf } from "../../domain/keepalived-conf";
import { completeSpec } from "../../domain/vrrp";
import { type HmacMode, hmacIn, hmacKeyFile, hmacKeyId, hmacStep } from "../../domain/vrrp-hmac";
import { configuration } from "../../providers/vip/configuration-provider";
import { parseSettings } from "../../settings";
import { vrrpSpec } from "../../settings/floating-ip";

const key = "0123456789abcdef".repeat(4);
const vip = { address: "192.168.56.10", prefix: 24 };
const node = (name: string, last: number) => ({ name, address: `192.168.56.${last}`, priority: 160 - last });

/** A node's file in a mode; undefined: adverts are not signed. */
function confIn(mode: HmacMode | undefined, { secret = key, version = "2.4.3" } = {}): string {
  const spec = completeSpec({ vip });
  const hmac = mode && { keyId: hmacKeyId(secret), mode };
  const [one, two] = [node("one", 11), node("two", 12)];
  return keepalivedConf({ spec: { ...spec, hmac }, node: one, interface: "eth1", peers: [two], version });
}

test("the file names the key's file and says nothing of the key", () => {
  const text = confIn("enforce");
  const id = hmacKeyId(key);
  assert.ok(id >= 1 && id <= 255);
  assert.match(
    text,
    new RegExp(
      `^    auth_hmac \\{\n {8}key ${id} file:${hmacKeyFile(id)}\n {8}active_key ${id}\n {8}anti_replay monotonic\n {8}mode enforce\n {4}\\}$`,
      "m",
    ),
  );
  assert.ok(!text.includes(key));
  assert.doesNotMatch(confIn(undefined), /auth_hmac/);
  assert.deepEqual(hmacIn(text), { keyId: id, mode: "enforce" });
});

test("a node whose keepalived is older is refused, with its version", () => {
  for (const version of ["2.2.7", "2.4.1"])
    assert.throws(
      () => confIn("receive-only", { version }),
      new RegExp(
        `\`keepalived.authHmac\` needs keepalived 2\\.4\\.2 on all nodes, one has ${version.replaceAll(".", "\\.")}`,
      ),
    );
  assert.ok(confIn("receive-only", { version: "2.4.2" }));
});

test("settings: a default mode, and a key that never gets into what all nodes' files are made from", () => {
  const raw = {
    vip: "192.168.56.10/24",
    nodes: JSON.stringify([
      { name: "a", address: "192.168.56.11" },
      { name: "b", address: "192.168.56.12" },
    ]),
    keepalived: JSON.stringify({ authHmac: { key } }),
  };
  const settings = parseSettings(raw);
  assert.deepEqual(settings.keepalived.authHmac, { key, mode: "enforce" });
  assert.ok(!JSON.stringify(vrrpSpec(settings)).includes(key));
});

test("from mode to mode nodes hear each other: one step at a time, the key in the first alone", () => {
  const modes = [undefined, "receive-only", "permissive", "enforce"] as const;
  for (const [i, from] of modes.entries())
    for (const [j, to] of modes.entries()) {
      const why = hmacStep(confIn(from), confIn(to));
      assert.equal(why === undefined, Math.abs(i - j) <= 1, `${from} to ${to}: ${why}`);
    }
  assert.match(
    hmacStep(confIn(undefined), confIn("enforce")) ?? "",
    /must not go from without `keepalived.authHmac` to `enforce` at once: .* Set `mode: receive-only` first/,
  );
  assert.match(hmacStep(confIn("enforce"), confIn(undefined)) ?? "", /Set `mode: permissive` first/);
  const other = { secret: "x".repeat(32) };
  assert.notEqual(hmacKeyId(other.secret), hmacKeyId(key));
  assert.equal(hmacStep(confIn("receive-only"), confIn("receive-only", other)), undefined);
  for (const mode of ["permissive", "enforce"] as const)
    assert.match(
      hmacStep(confIn(mode), confIn(mode, other)) ?? "",
      /`keepalived.authHmac.key` must not change in mode/,
    );
  assert.match(hmacStep(confIn("receive-only"), confIn("permissive", other)) ?? "", /key` must not change/);
});

test("Pulumi refuses a step that would make two holders before it touches a node", async () => {
  const inputs = (mode: HmacMode | undefined) => ({
    vip: vip.address,
    endpoints: {},
    order: ["one"],
    contents: { one: confIn(mode) },
    facts: { one: "" },
  });
  const { failures } = await configuration.check(inputs(undefined), inputs("enforce"));
  assert.match(failures?.[0]?.reason ?? "", /Set `mode: receive-only` first/);
  assert.deepEqual((await configuration.check(inputs(undefined), inputs("receive-only"))).failures ?? [], []);
  assert.deepEqual((await configuration.check({}, inputs("enforce"))).failures ?? [], [], "a new stack");
  // What was asked for before is the first step, and a node has not got it.
  await assert.rejects(
    configuration.update(
      "vip:x",
      { ...inputs(undefined), faults: { one: "not changed yet" } },
      inputs("permissive"),
    ),
    /must not go from without `keepalived.authHmac` to `permissive` at once/,
  );
});
