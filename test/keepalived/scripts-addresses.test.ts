import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { describe, it } from "node:test";
import { type Ended, scriptedNode } from "./scripted-node";
import { specOf } from "./spec";

const on = scriptedNode();

describe("await-address", () => {
  const await_ = (seconds: number): Ended => {
    const program = ["/usr/local/lib/ha-rancher/current/keepalived/await-address", String(seconds)];
    const { status, stdout, stderr } = spawnSync(...on.node.inside(...program), { encoding: "utf8" });
    return { code: status, stdout, stderr };
  };
  const address = (verb: "add" | "del", text: string, ...more: string[]): string =>
    on.node.run(["ip", "addr", verb, text, "dev", "eth1", ...more]);

  it("goes on at once if the node has its addresses, or vip.env names none", () => {
    on.node.configure(on.good(), on.facts());
    assert.deepEqual(await_(0), { code: 0, stdout: "", stderr: "" });
    on.node.configure(on.good(), "");
    assert.equal(await_(0).code, 0);
    on.node.run(["rm", "/etc/ha-rancher/vip.env"]);
    assert.equal(await_(0).code, 0);
  });

  for (const what of ["address", "interface"] as const)
    it(`says what is missing while the ${what} is not there, and goes on when it is`, async () => {
      on.node.configure(on.good(), on.facts());
      const away = () => (what === "address" ? address("del", "192.168.56.11/24") : link("down"));
      const back = () => (what === "address" ? address("add", "192.168.56.11/24") : link("up"));
      const link = (state: string): string => on.node.run(["ip", "link", "set", "eth1", state]);
      away();
      try {
        const { code, stderr } = await_(1);
        assert.equal(code, 1);
        assert.match(
          stderr,
          /does not have the address 192\.168\.56\.11 on an interface that is up, after 1 s/,
        );
      } finally {
        setTimeout(back, 500);
      }
      const waiting = spawn(
        ...on.node.inside("/usr/local/lib/ha-rancher/current/keepalived/await-address", "20"),
      );
      assert.deepEqual(await once(waiting, "exit"), [0, null]);
      // The link took the IPv6 address along.
      if (what === "interface") address("add", "fd00:56::11/64", "nodad");
    });
});

it("strip takes off every VIP that was left, and nothing else", () => {
  const furtherVips = [
    { address: "192.168.56.20", prefix: 24 },
    { address: "fd00:56::20", prefix: 64 },
  ];
  const addresses = (): string[] =>
    [...on.node.run(["ip", "-o", "addr", "show", "dev", "eth1"]).matchAll(/inet6? (\S+)/g)]
      .map(([, each = ""]) => each)
      .filter((each) => !each.startsWith("fe80"));
  const strip = (): string => on.node.run(["/usr/local/lib/ha-rancher/current/keepalived/strip"]);
  on.node.run(["rm", "-f", "/etc/ha-rancher/vip.env"]);
  assert.equal(strip(), "");
  on.node.configure(on.good(), on.rig.facts(on.node, { ...specOf({}), furtherVips }));
  const own = addresses();
  assert.equal(own.length, 2);
  strip();
  assert.deepEqual(addresses(), own);
  // One of three is not there.
  for (const vip of ["192.168.56.10/24", "fd00:56::20/64"])
    on.node.run(["ip", "addr", "add", vip, "dev", "eth1"]);
  assert.equal(addresses().length, 4);
  strip();
  assert.deepEqual(addresses(), own);
  // What it said at the last start, or when it was last read, counts, too.
  const leaves = (vip: string): void => {
    on.node.run(["ip", "addr", "add", vip, "dev", "eth1"]);
    strip();
    assert.deepEqual(addresses(), own);
  };
  on.node.configure(on.good(), "(VIPS=x; (\n");
  leaves("192.168.56.20/24");
  on.node.configure(on.good(), "VIPS='192.168.56.30/24'\nINTERFACE='eth1'\n");
  on.node.run(["/usr/local/lib/ha-rancher/current/keepalived/strip", "note"]);
  on.node.run(["rm", "/etc/ha-rancher/vip.env"]);
  leaves("192.168.56.30/24");
});
