import assert from "node:assert/strict";
import { test } from "node:test";
import { sentenceOf } from "../../domain/mistake";
import { parseSettings, SettingsError } from "../../settings";

const nodes = [
  { name: "rancher-1", address: "192.168.56.11" },
  { name: "rancher-2", address: "192.168.56.12" },
];
const good = { vip: "192.168.56.10/24", nodes: JSON.stringify(nodes) };
const hosts = nodes.map((node) => ({ ...node, host: { user: "root", keyFile: "~/.ssh/id_ed25519" } }));

function mistakes(raw: Record<string, string>): string[] {
  try {
    parseSettings({ ...good, ...raw });
    return [];
  } catch (error) {
    assert.ok(error instanceof SettingsError);
    return error.mistakes.map(sentenceOf);
  }
}

test("storage is on this machine with NFS 4.2 unless it is said", () => {
  const { storage, nfsVersion, nfsAddress, sharedDirectory, keepData } = parseSettings(good);
  assert.deepEqual(
    { storage, nfsVersion, nfsAddress, sharedDirectory, keepData },
    {
      storage: "host",
      nfsVersion: "4.2",
      nfsAddress: undefined,
      sharedDirectory: undefined,
      keepData: undefined,
    },
  );
});

const accepted: [string, Record<string, string>][] = [
  ["a machine", { storage: "machine", nfsAddress: "192.168.56.5" }],
  [
    "a machine whose data goes with it",
    { storage: "machine", nfsAddress: "192.168.56.5", keepData: "false" },
  ],
  [
    "a server anywhere",
    { storage: "server", nfsAddress: "10.1.2.3", sharedDirectory: "/exports/rancher", keepData: "true" },
  ],
  ["version 3", { nfsVersion: "3" }],
];
for (const [what, raw] of accepted)
  test(`storage: ${what} is accepted`, () => assert.deepEqual(mistakes(raw), []));

const refused: [string, Record<string, string>, RegExp[]][] = [
  ["another kind", { storage: "cloud" }, [/^`storage` must be one of host, machine, server$/]],
  ["another version", { nfsVersion: "4" }, [/^`nfsVersion` must be one of 4.2, 3$/]],
  [
    "a node that serves",
    { nfsAddress: "192.168.56.12" },
    [/^`nfsAddress` must not be a node's address: .* gone with that node$/],
  ],
  ["the VIP", { nfsAddress: "192.168.56.10" }, [/^`nfsAddress` must not be the `vip`/]],
  [
    "a machine without address, and with data that stays",
    { storage: "machine", keepData: "true" },
    [
      /^`nfsAddress` is missing: .*\(192\.168\.56\.0\/24\)$/,
      /^`keepData` cannot be true with `storage` machine/,
    ],
  ],
  [
    "a machine that nodes cannot reach",
    { storage: "machine", nfsAddress: "192.168.57.5" },
    [/^`nfsAddress` \(192\.168\.57\.5\) must be an address for hosts in the nodes' network/],
  ],
  [
    "a machine with the network's own address",
    { storage: "machine", nfsAddress: "192.168.56.255" },
    [/must be an address for hosts/],
  ],
  [
    "a machine where none is made",
    { storage: "machine", nfsAddress: "192.168.56.5", nodes: JSON.stringify(hosts) },
    [/^`storage` must not be machine where every node is a host/],
  ],
  [
    "a node with the machine's name",
    {
      storage: "machine",
      nfsAddress: "192.168.56.5",
      nodes: JSON.stringify([nodes[0], { name: "storage", address: "192.168.56.12" }]),
    },
    [/^`nodes\[1\]\.name` must not be storage/],
  ],
  [
    "a server without address and path, whose data is to be deleted",
    { storage: "server", keepData: "false" },
    [
      /^`nfsAddress` is missing: .* your NFS server$/,
      /^`sharedDirectory` is missing/,
      /^`keepData` cannot be false with `storage` server/,
    ],
  ],
];
for (const [what, raw, expected] of refused)
  test(`storage: ${what} is refused`, () => {
    const found = mistakes(raw);
    assert.equal(found.length, expected.length, found.join("\n"));
    for (const [i, pattern] of expected.entries()) assert.match(found[i] ?? "", pattern);
  });
