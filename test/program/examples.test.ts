import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { newKeyPair } from "../../providers/vagrant/keys";
import { isSecret } from "./changes";
import { mockPulumi, type Registered, resolved, stackName } from "./mocks";

/* Each example runs as a program of its own would: with its configuration, and on mocks. */

const { privateKey } = newKeyPair("example");
const configuration: Record<string, string> = {
  domain: "rancher.example.org",
  box: "debian/bookworm64",
  directory: "/srv/example",
  vip: "10.1.0.10",
  otherVip: "10.1.0.20",
  left: "10.1.0.11",
  right: "10.1.0.12",
  user: "admin",
  process: "nginx",
  privateKey,
  httpSecret: "hunter2",
};
let registered: Registered[];

before(async () => {
  registered = await mockPulumi();
  const named = (name: string) => `${stackName.project}:${name}`;
  pulumi.runtime.setAllConfig(
    Object.fromEntries(Object.entries(configuration).map(([name, value]) => [named(name), value])),
    ["privateKey", "httpSecret"].map(named),
  );
});

/** What an example registers, once a resource of that type and name is there; and what it exports. */
async function run(example: string, last: RegExp): Promise<{ all: Registered[]; outputs: unknown }> {
  const from = registered.length;
  const outputs: unknown = await import(`../../examples/${example}/index.js`);
  const all = () => registered.slice(from);
  const isThere = () => all().some(({ type, name }) => last.test(`${type} ${name}`));
  for (let i = 0; i < 500 && !isThere(); i++) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.ok(isThere(), `no ${last} among ${all().map(({ type, name }) => `${type} ${name}`)}`);
  return { all: all(), outputs };
}

const typesOf = (all: Registered[]): string[] => [
  ...new Set(all.map(({ type }) => type.split(/[:/]/).at(-1) ?? "")),
];

describe("a floating IP alone", () => {
  let all: Registered[];
  let outputs: { address: string; takeover: { crash: number } };
  before(async () => {
    const ran = await run("floating-ip", /Configuration web-keepalived-conf$/);
    all = ran.all;
    outputs = ran.outputs as typeof outputs;
  });

  test("is keepalived and its programs on each host: no agent, no Docker, no storage", () => {
    assert.deepEqual(typesOf(all).sort(), [
      "Configuration",
      "Files",
      "FloatingIp",
      "Host",
      "Hosts",
      "Keepalived",
      "Members",
      "NodeSet",
    ]);
  });

  test("moves by keepalived and the process alone: no agent has a say", () => {
    const conf = all.find(({ type }) => type.endsWith("vip:Configuration"))?.inputs.contents.left;
    assert.match(conf, /process nginx/);
    assert.doesNotMatch(conf, /\/run\/ha-rancher\/track|ha_rancher$/m);
    assert.match(conf, /10\.1\.0\.12/);
  });

  test("has the key as a secret, and says how fast it is", () => {
    for (const { inputs } of all.filter(({ type }) => type.endsWith("host:Host")))
      assert.ok(isSecret(inputs.privateKey));
    assert.equal(outputs.address, "10.1.0.10");
    assert.ok(outputs.takeover.crash < 1);
  });
});

test("two floating IPs, each at home on one host: agents without a lease, no Docker, no storage", async () => {
  const { all, outputs } = await run("address", /Rollout web-agents-rollout$/);
  assert.deepEqual(typesOf(all).sort(), [
    "AddressSoftware",
    "Agents",
    "Command",
    "Configuration",
    "Files",
    "FloatingIp",
    "HaAddress",
    "Host",
    "Hosts",
    "Keepalived",
    "Kept",
    "Members",
    "NodeSet",
    "Rollout",
  ]);
  const { contents, others } = all.find(({ type }) => type.endsWith("vip:Configuration"))?.inputs ?? {};
  assert.deepEqual(others, ["10.1.0.20"]);
  assert.match(contents.right, /vrrp_instance vip_web-right \{[^}]*?preempt_delay 5[^}]*?priority 150/);
  assert.match(contents.left, /vrrp_instance vip_web-right \{[^}]*?priority 140/);
  const vips = await resolved((outputs as { vips: pulumi.Output<{ currentMaster: string }[]> }).vips);
  assert.deepEqual(
    vips.map(({ currentMaster }) => currentMaster),
    ["none", "none"],
  );
});

test("a service of one's own: its container and storage, and nothing of Rancher's", async () => {
  const { all, outputs } = await run("service", /Rollout registry-agents-rollout$/);
  assert.equal((outputs as { url: string }).url, "http://192.168.56.50:5000");
  const types = typesOf(all);
  for (const type of ["Machine", "Export", "Service", "Container", "Release", "Agents"])
    assert.ok(types.includes(type), `${type} among ${types}`);
  assert.ok(!types.includes("Password"));
  for (const { name } of all) assert.doesNotMatch(name, /rancher/);
  const container = all.find(({ type }) => type.endsWith("container:Container"));
  assert.match(String(container?.inputs.name), /^registry-[0-9a-f]{8}$/);
  assert.ok(isSecret(container?.inputs.envs));
});

test("the whole in a program of one's own, from objects", async () => {
  const { all, outputs } = await run("components", /Rollout rancher-agents-rollout$/);
  const { url, record, currentMaster } = outputs as {
    url: string;
    record: string;
    currentMaster: pulumi.Output<string>;
  };
  assert.equal(url, "https://192.168.56.40");
  assert.equal(record, "rancher.example.org. 60 IN A 192.168.56.40");
  assert.equal(await resolved(currentMaster), "none");
  assert.equal(all.filter(({ type }) => type.endsWith("vagrant:Machine")).length, 3);
  const conf = all.find(({ type }) => type.endsWith("vip:Configuration"))?.inputs;
  assert.deepEqual(conf?.order, ["left", "right", "third"]);
  assert.match(conf?.contents.third, /priority 130[\s\S]*advert_int 1\n/);
});
