import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type * as pulumi from "@pulumi/pulumi";
import { sentenceOf } from "../../domain/mistake";
import { newKeyPair } from "../../providers/vagrant/keys";
import { parseSettings, SettingsError } from "../../settings";
import type { HaRancher } from "../../workloads/rancher";
import { haRancher, mockPulumi, type Registered, resolved } from "./mocks";

const folder = mkdtempSync(join(tmpdir(), "ha-rancher-hosts-"));
const keyFile = join(folder, "key");
const { privateKey } = newKeyPair("test");
const hostKey = newKeyPair("host").publicKey.split(" ").slice(0, 2).join(" ");

const raw = {
  vip: "10.1.0.10/24",
  nfsAddress: "10.1.0.2",
  nodes: JSON.stringify([
    { name: "left", address: "10.1.0.11", host: { user: "admin", keyFile, hostKey } },
    {
      name: "right",
      address: "10.1.0.12",
      host: { user: "root", address: "right.example", port: 2222, privateKey },
    },
    { name: "third", address: "10.1.0.13", host: { user: "admin", keyFile } },
  ]),
};

let registered: Registered[];
let stack: HaRancher;
const goesWith = new Map<string, pulumi.Resource | undefined>();
const ofType = (type: string): Registered[] => registered.filter((resource) => resource.type === type);
/** They are registered in any order. */
const byName = (resources: Registered[]): Registered[] =>
  [...resources].sort((a, b) => a.name.localeCompare(b.name));

before(async () => {
  writeFileSync(keyFile, privateKey, { mode: 0o600 });
  process.env.XDG_DATA_HOME = folder;
  delete process.env.HA_RANCHER_LAB;
  registered = await mockPulumi();
  stack = await haRancher(parseSettings(raw), {
    transformations: [
      ({ type, name, opts }) => {
        goesWith.set(`${type} ${name}`, (opts as pulumi.CustomResourceOptions).deletedWith);
        return undefined;
      },
    ],
  });
  await resolved(stack.nodes);
});

after(() => rmSync(folder, { recursive: true, force: true }));

test("every node is a host, and no machine is made", () => {
  assert.deepEqual(ofType("pulumi-nodejs:dynamic/vagrant:Machine"), []);
  assert.deepEqual(
    byName(ofType("pulumi-nodejs:dynamic/host:Host")).map(({ name, inputs }) => [
      name,
      inputs.host,
      inputs.port,
      inputs.user,
      inputs.hostKey ?? "pinned later",
    ]),
    [
      ["ha-rancher-hosts-left", "10.1.0.11", 22, "admin", hostKey],
      ["ha-rancher-hosts-right", "right.example", 2222, "root", "pinned later"],
      ["ha-rancher-hosts-third", "10.1.0.13", 22, "admin", "pinned later"],
    ],
  );
});

test("a host outlives the stack: what lives on it is taken off, one by one", () => {
  const onNodes = [...goesWith].filter(([key]) =>
    /^(command|pulumi-nodejs:dynamic\/(remote|vip)|docker):?/.test(key),
  );
  assert.ok(onNodes.length >= 27, `only ${onNodes.length} resources on hosts`);
  for (const [key, resource] of onNodes) assert.equal(resource, undefined, `${key} is deleted with its host`);
  for (const { name, inputs } of ofType("command:remote:Command"))
    assert.ok(inputs.delete, `${name} leaves behind what it did`);
});

test("the rest does not know: the same resources for each node, on the interface that was found", () => {
  const [configuration] = ofType("pulumi-nodejs:dynamic/vip:Configuration");
  for (const node of ["left", "right", "third"]) {
    assert.match(configuration?.inputs.contents[node], /interface ens3/);
    for (const name of ["prepared", "agent-files", "mounts", "lease-mounted", "keepalived", "rancher"])
      assert.ok(
        registered.some((resource) =>
          resource.name.replace(/-[0-9a-f]{8}$/, "").endsWith(`-${node}-${name}`),
        ),
        `${node}-${name}`,
      );
  }
  const [share] = ofType("pulumi-nodejs:dynamic/nfs:Export");
  assert.deepEqual(share?.inputs.clients, ["10.1.0.11", "10.1.0.12", "10.1.0.13"]);
  assert.equal(share?.inputs.server.kind, "image");
});

test("keys are secret, and in no output", async () => {
  // How a secret goes over the wire.
  for (const { inputs } of ofType("pulumi-nodejs:dynamic/host:Host"))
    assert.notEqual(typeof inputs.privateKey, "string");
  assert.doesNotMatch(JSON.stringify(await resolved(stack.nodes)), /PRIVATE KEY|the private key/);
});

test("a key that is not there, or has a passphrase, is refused before anything is registered", async () => {
  const bad = join(folder, "bad");
  writeFileSync(bad, "-----BEGIN OPENSSH PRIVATE KEY-----\nnonsense\n-----END OPENSSH PRIVATE KEY-----\n");
  const [first, second] = JSON.parse(raw.nodes) as { host: object }[];
  const nodes = JSON.stringify([
    { ...first, host: { user: "admin", keyFile: join(folder, "missing") } },
    { ...second, host: { user: "admin", keyFile: bad } },
  ]);
  const before = registered.length;
  await assert.rejects(haRancher(parseSettings({ ...raw, nodes })), (error: SettingsError) => {
    assert.ok(error instanceof SettingsError);
    const sentences = error.mistakes.map(sentenceOf);
    assert.equal(sentences.length, 2);
    assert.match(sentences[0] ?? "", /^`nodes\[0\]\.host\.keyFile` .* does not exist/);
    assert.match(sentences[1] ?? "", /^`nodes\[1\]\.host\.keyFile` .* without a passphrase/);
    return true;
  });
  assert.equal(registered.length, before);
});

test("root's commands need no sudo, and everybody else's have it", () => {
  const commands = ofType("command:remote:Command");
  const of = (node: string): Registered[] => commands.filter(({ name }) => name.includes(node));
  assert.ok(of("left").length > 0 && of("right").length > 0);
  for (const { name, inputs } of of("right")) assert.match(String(inputs.create), /^timeout \d+ /, name);
  for (const { name, inputs } of of("left"))
    assert.match(String(inputs.create), /^sudo -n timeout \d+ /, name);
});
