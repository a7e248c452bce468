import assert from "node:assert/strict";
import { before, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { parseSettings } from "../../settings";
import type { HaRancher } from "../../workloads/rancher";
import { enterMockLab, haRancher, mockPulumi, type Registered, resolved } from "./mocks";

const settings = parseSettings({
  vip: "192.168.56.10/24",
  nodes: JSON.stringify([
    { name: "rancher-1", address: "192.168.56.11" },
    { name: "rancher-2", address: "192.168.56.12" },
  ]),
  httpsPort: "3300",
});

let registered: Registered[];
let stack: HaRancher;
/** By type and name: the resource that each one is deleted with. */
const goesWith = new Map<string, pulumi.Resource | undefined>();

/** By name: what must be there before. */
const comesAfter = new Map<string, pulumi.Input<pulumi.Resource>[]>();

const ofType = (type: string): Registered[] => registered.filter((resource) => resource.type === type);
const named = (name: string): Registered => {
  const found = registered.find((resource) => resource.name === name);
  assert.ok(found, `no resource ${name} among ${registered.map((resource) => resource.name).join(", ")}`);
  return found;
};
/** What a resource writes to a path. */
const content = (name: string, path: string): string =>
  String((named(name).inputs.files as Record<string, { content?: string }>)[path]?.content);
/** What a node's agent is told. */
const agentOf = (node: string) =>
  JSON.parse(content(`ha-rancher-software-${node}-agent-files`, "/etc/ha-rancher/agent.json"));
before(async () => {
  registered = await mockPulumi();
  enterMockLab();
  stack = await haRancher(settings, {
    transformations: [
      ({ type, name, opts }) => {
        goesWith.set(`${type} ${name}`, (opts as pulumi.CustomResourceOptions).deletedWith);
        comesAfter.set(name, [opts.dependsOn ?? []].flat() as pulumi.Input<pulumi.Resource>[]);
        return undefined;
      },
    ],
  });
  // The observation is the last thing that a program does.
  await resolved(stack.nodes);
});

test("one machine a node, each in its own folder, on the lab's networks", () => {
  const machines = ofType("pulumi-nodejs:dynamic/vagrant:Machine");
  assert.deepEqual(
    machines.map(({ inputs }) => [
      inputs.name,
      inputs.directory,
      inputs.networks[0].address,
      inputs.networks[0].name,
    ]),
    [
      ["rancher-1", "/lab/machines/test/rancher-1", "192.168.56.11/24", "private"],
      ["rancher-2", "/lab/machines/test/rancher-2", "192.168.56.12/24", "private"],
    ],
  );
});

test("the export is for the nodes alone", () => {
  const [share, ...others] = ofType("pulumi-nodejs:dynamic/nfs:Export");
  assert.equal(others.length, 0);
  assert.deepEqual(share?.inputs.clients, ["192.168.56.11", "192.168.56.12"]);
  assert.equal(share?.inputs.directory, "/lab/shared/test");
});

test("each container is made on its own node", () => {
  const providers = ofType("pulumi:providers:docker");
  assert.deepEqual(
    providers.map(({ name, inputs }) => [name, inputs.host]),
    [
      ["ha-rancher-rancher-rancher-1-docker", "ssh://vagrant@127.0.0.1:1"],
      ["ha-rancher-rancher-rancher-2-docker", "ssh://vagrant@127.0.0.1:1"],
    ],
  );
  const container = ofType("docker:index/container:Container").find(({ name }) =>
    /-rancher-2-rancher-/.test(name),
  );
  assert.match(String(container?.provider), /rancher-2-docker/);
});

test("keepalived's files differ in priority and name each other as peers", () => {
  const [configuration, ...others] = ofType("pulumi-nodejs:dynamic/vip:Configuration");
  assert.equal(others.length, 0);
  assert.equal(configuration?.inputs.vip, "192.168.56.10");
  const { "rancher-1": first, "rancher-2": second } = configuration?.inputs.contents ?? {};
  assert.match(first, /priority 150[\s\S]*192\.168\.56\.12/);
  assert.match(second, /priority 140[\s\S]*192\.168\.56\.11/);
  for (const conf of [first, second]) assert.match(conf, /virtual_router_id 10\n/);
});

test("keepalived is installed on each node, and leaves it with its VIP", () => {
  const installed = ofType("pulumi-nodejs:dynamic/vip:Keepalived");
  assert.deepEqual(
    installed.map(({ name, inputs }) => [name, inputs.minimumVersion, inputs.vips]),
    [
      ["ha-rancher-floating-ip-rancher-1-keepalived", "2.1.5", ["192.168.56.10/24"]],
      ["ha-rancher-floating-ip-rancher-2-keepalived", "2.1.5", ["192.168.56.10/24"]],
    ],
  );
});

test("mounts are of the stack's export; the data's is not enabled", () => {
  const lease = content("ha-rancher-storage-rancher-1-mounts", "/etc/systemd/system/rancher_lease.mount");
  const data = content("ha-rancher-storage-rancher-1-mounts", "/etc/systemd/system/rancher_data.mount");
  assert.match(lease, /What=192\.168\.56\.1:\/ha-rancher-test\/lease/);
  assert.match(data, /What=192\.168\.56\.1:\/ha-rancher-test\/data/);
  assert.doesNotMatch(
    String(named("ha-rancher-storage-rancher-1-lease-mounted").inputs.create),
    /rancher_data/,
  );
});

test("each node has its own NFS identity", () => {
  for (const node of ["rancher-1", "rancher-2"])
    assert.equal(agentOf(node).lease.identity, `ha-rancher-test-${node}`);
});

test("the agent knows its timers and the other nodes, and from whom to learn what it runs", () => {
  const { peers, timers, health, data, service, ...others } = agentOf("rancher-1");
  const { heartbeat, giveUp, watchdog, leaseTime, graceTime, failures, stopGrace, startDeadline } = timers;
  assert.deepEqual(
    { heartbeat, giveUp, watchdog, leaseTime, graceTime, failures, stopGrace, startDeadline },
    {
      ...{ heartbeat: 1_000, giveUp: 6_000, watchdog: 10_000, leaseTime: 15_000, graceTime: 20_000 },
      ...{ failures: 3, stopGrace: 30_000, startDeadline: 300_000 },
    },
  );
  assert.deepEqual(health, { every: 1_000, timeout: 5_000, deepEvery: 15_000, deepTimeout: 5_000 });
  assert.deepEqual(peers, ["rancher-2"]);
  assert.equal(data.datastore, "k3s/server/db");
  assert.equal(service, "/etc/ha-rancher/service.json");
  assert.equal(others.watchdog, "automatic");
  assert.ok(!("fence" in others));
  assert.ok(!registered.some(({ name }) => name.endsWith("-fence-files")));
});

test("agents are started together with all that they run from, and last", async () => {
  const { endpoints, source } = named("ha-rancher-agents-rollout").inputs;
  assert.deepEqual(Object.keys(source), ["rancher-1", "rancher-2"]);
  for (const text of Object.values(source)) assert.match(String(text), /^[0-9a-f]{16}$/);
  assert.notEqual(source["rancher-1"], source["rancher-2"], "each has a configuration of its own");
  assert.ok(JSON.stringify(endpoints).includes("the private key"));
  const before = await Promise.all(
    (comesAfter.get("ha-rancher-agents-rollout") ?? []).map((each) =>
      resolved(pulumi.output(each).apply(({ urn }) => urn)),
    ),
  );
  const names = new Set(before.map((urn) => urn.replace(/.*::/, "")));
  for (const name of [
    ...["rancher-1", "rancher-2"].flatMap((node) =>
      ["software-NODE-prepared-kept", "software-NODE-agent-files", "storage-NODE-lease-mounted-kept"].map(
        (each) => each.replace("NODE", node),
      ),
    ),
    ...["floating-ip-keepalived-conf", "rancher-release"],
  ])
    assert.ok(names.has(`ha-rancher-${name}`), `${name} among ${[...names].join(", ")}`);
  const files = named("ha-rancher-software-rancher-1-agent-files").inputs.files;
  const unit = (name: string): string => `/etc/systemd/system/ha-rancher-${name}.service`;
  assert.deepEqual(
    Object.keys(files).sort(),
    [
      ...["/etc/ha-rancher/agent.json", "/etc/ha-rancher/observer.json"],
      ...["agent", "lease", "nfs-identity", "observer"].map(unit),
    ].sort(),
  );
  assert.match(files[unit("agent")].content, /^ConditionPathExists=!\/etc\/ha-rancher\/kept-out$/m);
});

test("no command waits without a limit, and none is replaced by a change", () => {
  const commands = ofType("command:remote:Command");
  assert.ok(commands.length >= 4);
  for (const { name, inputs } of commands) {
    assert.match(String(inputs.create), /^sudo -n timeout \d+ /, name);
    assert.equal(inputs.update, inputs.create, name);
    assert.equal(inputs.triggers, undefined, name);
    assert.equal(inputs.addPreviousOutputInEnv, false, name);
  }
});

test("what is on a node goes with it", async () => {
  const types = [
    "command:remote:Command",
    "pulumi-nodejs:dynamic/remote:Files",
    "pulumi-nodejs:dynamic/vip:Keepalived",
    "docker:index/remoteImage:RemoteImage",
    "docker:index/container:Container",
    "docker:index/volume:Volume",
  ];
  const onNodes = [...goesWith].filter(([key]) => types.some((type) => key.startsWith(`${type} `)));
  assert.ok(onNodes.length >= 18, `only ${onNodes.length} resources on nodes`);
  for (const [key, machine] of onNodes) {
    assert.ok(machine, `${key} is deleted with nothing`);
    const node = /rancher-\d/.exec(key.split(" ")[1] ?? "")?.[0];
    assert.match(
      await resolved(machine.urn),
      new RegExp(`vagrant:Machine::ha-rancher-machines-${node}$`),
      key,
    );
  }
});

test("outputs: names, addresses, the bound that the settings promise", async () => {
  assert.equal(stack.vip, "192.168.56.10");
  assert.equal(stack.url, "https://192.168.56.10:3300");
  assert.deepEqual(stack.takeover, { crash: 0.691, planned: 0.091 });
  assert.equal(await resolved(stack.bootstrapPassword), "a password");
  assert.ok(await pulumi.isSecret(stack.bootstrapPassword));
});

test("nodes that do not answer are said to be unreachable, and nobody is guessed to be master", async () => {
  assert.equal(await resolved(stack.currentMaster), "none");
  assert.deepEqual(await resolved(stack.vipHolders), []);
  const nodes = await resolved(stack.nodes);
  assert.deepEqual(
    nodes.map(({ name, role }) => [name, role]),
    [
      ["rancher-1", "unreachable"],
      ["rancher-2", "unreachable"],
    ],
  );
  assert.match(
    nodes[0]?.ssh ?? "",
    /^ssh \S*-F\S* \S*\/dev\/null\S* \S*-i\S* \S*\/machines\/rancher-1\/id_ed25519\S* .*UserKnownHostsFile=.*-p\S* \S*1\S* /,
  );
  assert.equal(await pulumi.isSecret(stack.nodes), false);
});

test("the private key is nowhere but in secrets", () => {
  for (const { name, inputs, type } of registered) {
    if (type === "command:remote:Command" || /dynamic\/(agent|docker|rancher|remote|vip):/.test(type))
      continue;
    assert.doesNotMatch(JSON.stringify(inputs), /the private key/, name);
  }
});
