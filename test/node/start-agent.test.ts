import assert from "node:assert/strict";
import { cpSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { packageRoot } from "../../local/root";
import { parseStarted } from "../../providers/agent/node-facts";
import { addressConfiguration } from "../../workloads/address/agent-configuration";
import { type TestNode, withNode } from "./node";

/* How a node comes to its agent: node/host/start-agent, with real agents and a systemd that does what it is told. */

const service = { container: "rancher-old", health: [{ url: "https://127.0.0.1/healthz" }] };

/** The set of a version, by its name; a link names it, as on a node. */
function useSet(node: TestNode, version: string): void {
  const set = node.path(`programs/sets/${version}`);
  mkdirSync(node.path("programs/sets"), { recursive: true });
  for (const folder of ["agent", "host", "lib", "release", "storage"])
    cpSync(join(packageRoot, "node", folder), join(set, folder), { recursive: true });
  node.remove("programs/current");
  symlinkSync(`sets/${version}`, node.path("programs/current"));
  node.set = node.path("programs/current");
}

function ready(node: TestNode): void {
  useSet(node, "0123456789abcdef");
  node.units();
  node.configure();
  node.put("config/service.json", JSON.stringify(service));
}

/** What a stack of a former version has. */
function withGuard(node: TestNode): void {
  for (const name of ["guard", "watchdog", "identity"]) node.unit(name, "file", "enabled", "active");
  node.remove("config/service.json");
  node.put(
    "config/service.conf",
    "# Written by ha-rancher\nCONTAINER=rancher-old\nHEALTH_URL=https://127.0.0.1:443/healthz\nDEEP_URL=https://127.0.0.1:443/deep\n",
  );
  // An agent's files have the same names.
  node.put("run/leave", "123456\n");
  node.put("run/container", "17 4711\n");
  node.put("run/state", "state=ACTIVE\n");
}

const startAgent = async (node: TestNode) => parseStarted(await node.mustRun("host/start-agent"));
const unitsOf = "ha-rancher-nfs-identity ha-rancher-lease ha-rancher-agent";

test(
  "the first start enables the units and waits until the agent answers; again, nothing changes",
  withNode(async (node) => {
    ready(node);
    const { version, was } = await startAgent(node);
    assert.deepEqual([version, was], ["0123456789abcdef", "started"]);
    assert.deepEqual(node.log(), [`enable ${unitsOf}`, `start ${unitsOf}`]);
    const agent = node.get("units/ha-rancher-agent.pid");
    assert.equal((await startAgent(node)).was, "unchanged");
    assert.deepEqual(node.log(), [`start ${unitsOf}`]);
    assert.equal(node.get("units/ha-rancher-agent.pid"), agent);
  }),
);

test(
  "where one of other files or with another configuration runs, the next one takes over without a stop",
  withNode(async (node) => {
    ready(node);
    await startAgent(node);
    node.log();
    useSet(node, "fedcba9876543210");
    assert.deepEqual(((started) => [started.version, started.was])(await startAgent(node)), [
      "fedcba9876543210",
      "restarted",
    ]);
    node.configure({ timers: { wellTime: 70_000 } });
    assert.equal((await startAgent(node)).was, "restarted");
    assert.deepEqual(node.log(), [`start ${unitsOf}`, `start ${unitsOf}`]);
    assert.equal(JSON.parse(node.get("run/running.json")).timers.wellTime, 70_000);
  }),
);

test(
  "for another container, or other data, the service is stopped in order",
  withNode(async (node) => {
    ready(node);
    await startAgent(node);
    node.log();
    node.put("config/service.json", JSON.stringify({ ...service, container: "rancher-new" }));
    assert.equal((await startAgent(node)).was, "restarted");
    assert.deepEqual(node.log(), [`start ${unitsOf}`, "restart ha-rancher-agent"]);
    assert.equal(JSON.parse(node.get("run/running.json")).service.container, "rancher-new");
  }),
);

test(
  "units that changed on disk are read anew",
  withNode(async (node) => {
    ready(node);
    await startAgent(node);
    node.unit("lease", "stale");
    node.log();
    assert.equal((await startAgent(node)).was, "unchanged");
    assert.deepEqual(node.log(), ["daemon-reload", `start ${unitsOf}`]);
  }),
);

test(
  "a former version's guard ends the service in order, and the agent runs what that one ran",
  withNode(async (node) => {
    ready(node);
    withGuard(node);
    assert.equal((await startAgent(node)).was, "from-guard");
    assert.deepEqual(node.log(), [
      "stop ha-rancher-guard",
      // While PID 1 held the watchdog's device, the agent could not; and its unit's program may be gone.
      "busctl set-property RuntimeWatchdogUSec t 0",
      "stop ha-rancher-watchdog",
      "disable ha-rancher-guard ha-rancher-watchdog ha-rancher-identity",
      "stop ha-rancher-identity",
      `enable ${unitsOf}`,
      `start ${unitsOf}`,
    ]);
    assert.deepEqual(JSON.parse(node.get("config/service.json")), {
      container: "rancher-old",
      health: [{ url: "https://127.0.0.1:443/healthz" }, { url: "https://127.0.0.1:443/deep", deep: true }],
    });
    for (const file of ["config/service.conf", "run/state"]) assert.equal(node.has(file), false, file);
    assert.equal(JSON.parse(node.get("run/running.json")).service.container, "rancher-old");
    assert.equal((await startAgent(node)).was, "unchanged");
  }),
);

test(
  "an identity that a mount still needs is not stopped with it",
  withNode(async (node) => {
    ready(node);
    withGuard(node);
    node.put("units/ha-rancher-identity.required", "rancher_lease.mount\n");
    await startAgent(node);
    assert.ok(!node.log().includes("stop ha-rancher-identity"));
  }),
);

test(
  "killed at any moment and run again, it comes to the same end",
  withNode(async (node) => {
    ready(node);
    withGuard(node);
    const moments: [string, () => boolean][] = [
      ["service.json is written", () => node.has("config/service.json")],
      ["the guard has stopped", () => !node.isUnit("guard", "active")],
      ["the watchdog has stopped", () => !node.isUnit("watchdog", "active")],
      ["the guard is disabled", () => !node.isUnit("guard", "enabled")],
      ["the agent is enabled", () => node.isUnit("agent", "enabled")],
      ["the agent has started", () => node.has("run/agent.sock")],
    ];
    for (const [, moment] of moments) await node.killedWhen(moment, "host/start-agent");
    await startAgent(node);
    for (const name of ["guard", "watchdog", "identity"])
      assert.ok(!node.isUnit(name, "active") && !node.isUnit(name, "enabled"), name);
    assert.equal(JSON.parse(node.get("run/running.json")).service.container, "rancher-old");
    assert.equal((await startAgent(node)).was, "unchanged");
  }),
);

test(
  "a configuration that the agent refuses changes nothing, and all mistakes are said",
  withNode(async (node) => {
    ready(node);
    withGuard(node);
    node.configure({ vip: "nowhere", timers: { giveUp: 60_000 } });
    const { code, stderr } = await node.run("host/start-agent");
    assert.equal(code, 1);
    assert.match(stderr, /the agent refuses its configuration, and nothing was changed: .*`vip`/);
    assert.deepEqual(node.log(), []);
    assert.equal(node.has("config/service.json"), false);
    assert.ok(node.has("config/service.conf") && node.isUnit("guard", "active"));
  }),
);

for (const [name, words, spoil] of [
  [
    "no configuration",
    /agent\.json is missing on this node: `npm run up` writes it/,
    (node) => node.remove("config/agent.json"),
  ],
  [
    "no container was named",
    /no container was named for this node yet: `npm run up` names it/,
    (node) => node.remove("config/service.json"),
  ],
  [
    "the node is kept out of service",
    /kept out of service by an upgrade that has not come to its end/,
    (node) => node.put("config/kept-out", "rancher-old\n"),
  ],
  [
    "its unit is missing",
    /the unit ha-rancher-agent\.service is missing on this node/,
    (node) => node.remove("units/ha-rancher-agent.file"),
  ],
  ["systemd refuses", /`systemctl start .*` failed: it does not start/, (node) => node.put("fail-start")],
  [
    "the guard cannot be stopped",
    /`systemctl stop ha-rancher-guard.service` failed: it does not stop/,
    (node) => {
      withGuard(node);
      node.put("fail-stop");
    },
  ],
] as [string, RegExp, (node: TestNode) => void][])
  test(
    `where ${name}, it says so and fails`,
    withNode(async (node) => {
      ready(node);
      spoil(node);
      const { code, stderr, stdout } = await node.run("host/start-agent");
      node.remove("fail-stop");
      assert.equal(code, 1, stdout);
      assert.match(stderr, words);
      assert.ok(!node.isUnit("agent", "active"));
    }),
  );

test(
  "without a lease the agent is all that is started, and no container need be named",
  withNode(async (node) => {
    useSet(node, "0123456789abcdef");
    node.unit("agent", "file");
    const vips = [{ name: "web", vip: { address: "192.0.2.10", prefix: 24 } }];
    const told = addressConfiguration({
      node: "a",
      peers: ["b"],
      address: "127.0.0.1",
      vips,
      first: "a",
      times: {},
    });
    const paths = { run: node.path("run"), state: node.path("state"), systemctl: "/bin/false" };
    node.put("config/agent.json", `${JSON.stringify({ ...JSON.parse(told), paths }, undefined, 2)}\n`);
    const { version, was } = await startAgent(node);
    assert.deepEqual([version, was], ["0123456789abcdef", "started"]);
    assert.deepEqual(node.log(), ["enable ha-rancher-agent", "start ha-rancher-agent"]);
    assert.equal((await startAgent(node)).was, "unchanged");
    const { units } = JSON.parse(await node.mustRun("host/agent-state"));
    assert.deepEqual(units, [], "of the lease's units none is missed");
    node.put("config/agent.json", told.replace("192.0.2.10", "nowhere"));
    assert.match(
      (await node.run("host/start-agent")).stderr,
      /refuses its configuration[\s\S]*`vips\[0\]\.address`/,
    );
  }),
);
