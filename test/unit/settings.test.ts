import assert from "node:assert/strict";
import { test } from "node:test";
import { sentenceOf } from "../../domain/mistake";
import { parseSettings, SettingsError } from "../../settings";

const good = {
  vip: "192.168.56.10/24",
  nodes: JSON.stringify([
    { name: "rancher-1", address: "192.168.56.11" },
    { name: "rancher-2", address: "192.168.56.12" },
  ]),
};

const nodes = (...list: unknown[]): string => JSON.stringify(list);
const one = { name: "a", address: "192.168.56.11" };
const two = { name: "b", address: "192.168.56.12" };

function mistakesOf(raw: Record<string, string>): string[] {
  try {
    parseSettings(raw);
  } catch (error) {
    assert.ok(error instanceof SettingsError, String(error));
    return error.mistakes.map(sentenceOf);
  }
  return [];
}

test("good settings are completed with defaults", () => {
  const settings = parseSettings(good);
  assert.deepEqual(settings.vip, { address: "192.168.56.10", prefix: 24 });
  assert.deepEqual(
    settings.nodes.map((node) => [node.name, node.priority]),
    [
      ["rancher-1", 150],
      ["rancher-2", 140],
    ],
  );
  assert.equal(settings.virtualRouterId, 10);
  assert.equal(settings.advertInterval, 0.2);
  assert.deepEqual(settings.subnet, { address: "192.168.56.0", prefix: 24 });
  assert.equal(settings.httpsPort, 443);
  assert.equal(settings.hypervisor, "auto");
  assert.equal(settings.keepData, undefined);
});

test("values come as text, whatever their type", () => {
  const settings = parseSettings({ ...good, cpus: "4", advertInterval: "0.05", keepData: "true" });
  assert.equal(settings.cpus, 4);
  assert.equal(settings.advertInterval, 0.05);
  assert.equal(settings.keepData, true);
});

const refused: [what: string, raw: Record<string, string>, mistake: RegExp][] = [
  ["no vip", { nodes: good.nodes }, /^`vip` is missing/],
  ["no nodes", { vip: good.vip }, /^`nodes` is missing/],
  ["a vip without prefix", { ...good, vip: "192.168.56.10" }, /^`vip` must be .* prefix/],
  ["a vip that is no address", { ...good, vip: "192.168.56.300/24" }, /^`vip` must be/],
  ["a vip in short form", { ...good, vip: "10.1/24" }, /^`vip` must be/],
  ["a vip with a prefix for one host", { ...good, vip: "192.168.56.10/32" }, /^`vip` must have a prefix/],
  ["the network's address as vip", { ...good, vip: "192.168.56.0/24" }, /first or last/],
  ["the broadcast address as vip", { ...good, vip: "192.168.56.255/24" }, /first or last/],
  ["one node", { ...good, nodes: nodes(one) }, /^`nodes` must name at least two/],
  ["nodes that are no list", { ...good, nodes: "rancher-1" }, /^`nodes` must be a list/],
  [
    "the vip as a node's address",
    { ...good, nodes: nodes(one, { name: "b", address: "192.168.56.10" }) },
    /^`nodes\[1\]\.address` must not be the `vip`/,
  ],
  [
    "a node outside of the subnet",
    { ...good, nodes: nodes(one, { name: "b", address: "10.0.0.1" }) },
    /^`nodes\[1\]\.address` \(10\.0\.0\.1\) must be in the subnet/,
  ],
  ["a name twice", { ...good, nodes: nodes(one, { ...two, name: "a" }) }, /the name a twice/],
  [
    "an address twice",
    { ...good, nodes: nodes(one, { ...two, address: "192.168.56.11" }) },
    /the address 192\.168\.56\.11 twice/,
  ],
  [
    "a bad host name",
    { ...good, nodes: nodes(one, { ...two, name: "B_2" }) },
    /^`nodes\[1\]\.name` must be a host name/,
  ],
  [
    "shell in a name",
    { ...good, nodes: nodes(one, { ...two, name: "$(reboot)" }) },
    /^`nodes\[1\]\.name` must be a host name/,
  ],
  ["a setting that does not exist", { ...good, vpi: "x" }, /^`vpi` is not a setting/],
  [
    "a node's setting that does not exist",
    { ...good, nodes: nodes(one, { ...two, adress: "x" }) },
    /^`nodes\[1\]\.adress` is not a setting/,
  ],
  ["too fast adverts", { ...good, advertInterval: "0.01" }, /^`advertInterval` must be at least 0\.05/],
  ["a fraction of a processor", { ...good, cpus: "1.5" }, /^`cpus` must be a whole number/],
  ["too little memory", { ...good, memory: "100" }, /^`memory` must be at least 512 MiB/],
  ["the image latest", { ...good, image: "rancher/rancher:latest" }, /^`image` must not be `latest`/],
  ["an image without a tag", { ...good, image: "rancher/rancher" }, /^`image` must be an image with a tag/],
  ["a shell line as image", { ...good, image: "a:b; reboot" }, /^`image` must be/],
  ["a relative directory", { ...good, dataDirectory: "data" }, /^`dataDirectory` must be an absolute path/],
  [
    "a directory with a space",
    { ...good, dataDirectory: "/a b" },
    /^`dataDirectory` must be an absolute path/,
  ],
  ["a port that does not exist", { ...good, httpsPort: "70000" }, /^`httpsPort` must be at most 65535/],
  ["another hypervisor", { ...good, hypervisor: "bochs" }, /^`hypervisor` must be one of/],
  ["keepData maybe", { ...good, keepData: "maybe" }, /^`keepData` must be true or false/],
];

for (const [what, raw, mistake] of refused) {
  test(`refused: ${what}`, () => {
    const mistakes = mistakesOf(raw);
    assert.equal(mistakes.length, 1, mistakes.join("\n"));
    assert.match(mistakes[0] as string, mistake);
  });
}

test("all mistakes are told at once", () => {
  const mistakes = mistakesOf({ vip: "x", nodes: "[]", cpus: "many", nonsense: "1" });
  assert.equal(mistakes.length, 4, mistakes.join("\n"));
});

test("the message says that nothing was changed, and what to do", () => {
  assert.throws(() => parseSettings({}), /2 mistakes; nothing was changed[\s\S]*pulumi config set/);
});
