import assert from "node:assert/strict";
import { test } from "node:test";
import { sentenceOf } from "../../domain/mistake";
import { parseSettings, type Settings } from "../../settings";
import { claimsOfResources } from "../../stack/claims";
import { clashesWith } from "../../stack/clashes";

/** A stack's settings: its VIP's last number, its nodes' follow. */
function settings(last: number, more: Record<string, unknown> = {}, network = "192.168.56"): Settings {
  const nodes = [1, 2].map((i) => ({ name: `n${i}`, address: `${network}.${last + i}` }));
  const raw = { vip: `${network}.${last}/24`, nodes, ...more };
  const text = Object.entries(raw).map(([key, value]) => [
    key,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  return parseSettings(Object.fromEntries(text));
}

const multicast = { keepalived: { multicast: true } };
const clashes = (mine: Settings, theirs: Settings): string[] =>
  clashesWith(mine, [{ stack: "other", claims: [], settings: theirs, near: true }]).map(sentenceOf);

test("stacks with their own addresses do not clash, also with one router id on unicast", () => {
  assert.deepEqual(clashes(settings(10), settings(20)), []);
  assert.deepEqual(
    clashes(settings(10, { virtualRouterId: "7" }), settings(20, { virtualRouterId: "7" })),
    [],
  );
  assert.deepEqual(clashes(settings(10, multicast), settings(20, multicast)), []);
});

test("an address of another stack is refused, whatever it is for", () => {
  const mine = settings(10, { furtherVips: ["192.168.56.20/24"] });
  assert.deepEqual(clashes(mine, settings(20)), [
    "`furtherVips[0]` (192.168.56.20) is an address of the stack `other`, too: choose another one",
  ]);
  assert.equal(clashes(settings(10), settings(10)).length, 3);
});

test("a router id that both hear is refused", () => {
  for (const [mine, theirs] of [
    [multicast, {}],
    [{}, multicast],
  ]) {
    const found = clashes(
      settings(10, { virtualRouterId: "7", ...mine }),
      settings(20, { virtualRouterId: "7", ...theirs }),
    );
    assert.match(found.join(), /^`virtualRouterId` \(7\) is that of the stack `other`/);
  }
});

test("stacks on other networks have nothing to do with each other", () => {
  assert.deepEqual(clashes(settings(10, multicast), settings(10, multicast, "192.168.57")), []);
});

const hosts = (last: number, ...addresses: string[]): Settings => {
  const host = (address: string) => ({ user: "root", keyFile: "/key", address });
  const nodes = addresses.map((address, i) => ({
    name: `n${i}`,
    address: `10.9.0.${last + i + 1}`,
    host: host(address),
  }));
  return parseSettings({ vip: `10.9.0.${last}/24`, nodes: JSON.stringify(nodes) });
};

test("a host serves one stack", () => {
  assert.deepEqual(
    clashes(hosts(10, "one.example", "two.example"), hosts(20, "two.example", "three.example")),
    ["`nodes[1].host` (two.example:22) is a node of the stack `other` already: choose another host"],
  );
});

test("networks that overlap and differ are refused; forwarded ports and shared directories too", () => {
  const wide = settings(10, {}, "192.168.56");
  const narrow = parseSettings({
    vip: "192.168.56.130/25",
    nodes: JSON.stringify([
      { name: "a", address: "192.168.56.131" },
      { name: "b", address: "192.168.56.132" },
    ]),
  });
  assert.match(clashes(wide, narrow).join(), /overlaps that of the stack `other` \(192\.168\.56\.128\/25\)/);
  const forwarding = (last: number, first: number): Settings =>
    settings(last, {
      nodes: [
        {
          name: "a",
          address: `192.168.56.${last + 1}`,
          machine: { ports: [{ guest: 80, host: first, count: 10 }] },
        },
        { name: "b", address: `192.168.56.${last + 2}` },
      ],
    });
  assert.deepEqual(clashes(forwarding(10, 8000), forwarding(20, 8009)), [
    "`nodes[0].machine.ports[0].host` (8009/tcp) is forwarded by the stack `other` already: choose another port",
  ]);
  assert.deepEqual(clashes(forwarding(10, 8000), forwarding(20, 8010)), []);
  const shared = (last: number, directory: string): Settings =>
    settings(last, { sharedDirectory: directory });
  assert.match(
    clashes(shared(10, "/srv/data"), shared(20, "/srv/data")).join(),
    /`sharedDirectory` .* stack `other`/,
  );
  assert.match(clashes(shared(10, "/srv/a/data"), shared(20, "/srv/a")).join(), /in, or around, \/srv\/a/);
  assert.deepEqual(clashes(shared(10, "/srv/data"), shared(20, "/srv/data2")), []);
});

test("in another lab only what is this machine's clashes", () => {
  const away = {
    stack: "other",
    claims: [],
    settings: settings(10, { sharedDirectory: "/srv/x" }),
    near: false,
  };
  assert.deepEqual(clashesWith(settings(10), [away]), []);
  assert.equal(clashesWith(settings(10, { sharedDirectory: "/srv/x" }), [away]).length, 1);
});

test("a stack whose settings are in another clone is known by its state", () => {
  const claims = claimsOfResources([
    {
      type: "pulumi-nodejs:dynamic/vagrant:Machine",
      inputs: { networks: [{ address: "192.168.56.11/24" }, {}], ports: [{ host: 8000, count: 2 }] },
    },
    { type: "pulumi-nodejs:dynamic/vip:Keepalived", inputs: { vips: ["192.168.56.20/24"] } },
    { type: "pulumi-nodejs:dynamic/nfs:Export", inputs: { directory: "/srv/x" } },
    {
      type: "pulumi-nodejs:dynamic/host:Host",
      inputs: { host: "h", port: 2222, address: "10.0.0.1", vips: [] },
    },
    { type: "pulumi:pulumi:Stack" },
  ]);
  assert.deepEqual(
    claims.map(({ value }) => value),
    ["192.168.56.11", "8000/tcp", "8001/tcp", "192.168.56.20", "/srv/x", "h:2222", "10.0.0.1"],
  );
  assert.deepEqual(clashesWith(settings(20), [{ stack: "elsewhere", claims, near: true }]).map(sentenceOf), [
    "`vip` (192.168.56.20) is an address of the stack `elsewhere`, too: choose another one",
  ]);
});
