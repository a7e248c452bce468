import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { packageRoot } from "../../local/root";
import { parseLook } from "../../providers/release/scripts";
import { bareScriptLine } from "../../providers/remote/script";
import { type TestNode, withNode } from "./node";

/* What a release does on a node: node/release, with the real agent where it runs. */

const look = async (node: TestNode) => {
  const { code, stdout, stderr } = await node.run("release/look");
  assert.equal(code, 0, stderr);
  assert.equal(stderr, "");
  return parseLook(stdout);
};

/** What a standby says that would take over. */
const standby = {
  agent: { state: "standby", reason: 'the VIP is gone = "bad"', fault: null },
  health: { failure: null },
  fit: true,
  orders: { paused: null, stopped: null },
};

/** A node whose agent says something, and whose keepalived runs. */
async function saying(node: TestNode, status: object): Promise<object[]> {
  node.units();
  node.unit("agent", "enabled", "active");
  node.put("units/keepalived.active");
  node.put("run/vrrp", "BACKUP 10.00 77\n");
  node.configure();
  node.put(
    "config/service.json",
    '{"container":"rancher-old","health":[{"url":"https://127.0.0.1/healthz"}]}\n',
  );
  return await node.answering(status);
}

test(
  "look at a node that nothing was done to",
  withNode(async (node) => {
    assert.deepEqual(await look(node), {
      ...{ container: "", kept: undefined, enabled: false, state: "", reason: "", gaveUp: "" },
      ...{ ready: false, running: ["rancher-old"] },
    });
  }),
);

test(
  "look at one that stands by, and at one in maintenance",
  withNode(async (node) => {
    const status = structuredClone(standby);
    await saying(node, status);
    const found = await look(node);
    assert.deepEqual(
      [found.container, found.enabled, found.state, found.ready, found.reason, found.gaveUp],
      ["rancher-old", true, "standby", true, 'the VIP is gone = "bad"', ""],
    );
    node.put("units/keepalived.inactive");
    node.remove("units/keepalived.active");
    assert.equal((await look(node)).ready, false, "keepalived does not run");
    node.put("units/keepalived.active");
    status.fit = false;
    assert.equal((await look(node)).ready, false);
  }),
);

test(
  "whether one is kept out of service is read from one file, by a script that needs no set",
  withNode(async (node) => {
    const line = bareScriptLine("release/kept", []);
    const kept = (): string => execFileSync("sh", ["-c", line], { env: node.environment, encoding: "utf8" });
    assert.equal(kept(), '{"kept":null}\n');
    node.put("config/kept-out", "rancher-old\n");
    assert.equal(kept(), '{"kept":"rancher-old"}\n');
  }),
);

for (const [what, change] of [
  ["is stopped by an order", { orders: { paused: null, stopped: "a test" } }],
  ["is paused", { orders: { paused: "a test", stopped: null } }],
  ["serves", { agent: { state: "active", reason: "", fault: null } }],
] as const)
  test(
    `one that ${what} is not ready to take over`,
    withNode(async (node) => {
      await saying(node, { ...standby, ...change });
      assert.equal((await look(node)).ready, false);
    }),
  );

test(
  "only one that tries no more has given up",
  withNode(async (node) => {
    const status = structuredClone(standby) as { agent: object; health: { failure: string | null } };
    status.health.failure = "no = luck";
    await saying(node, status);
    assert.equal((await look(node)).gaveUp, "no = luck");
    status.agent = { state: "warming", reason: "the container runs", fault: null };
    assert.equal((await look(node)).gaveUp, "");
  }),
);

test(
  "of an agent that was killed nothing is said, and one that is kept out says what served before",
  withNode(async (node) => {
    node.units();
    node.unit("agent", "enabled");
    node.configure();
    node.put(
      "config/service.json",
      '{"container":"rancher-new","health":[{"url":"https://127.0.0.1/healthz"}]}\n',
    );
    node.put("config/kept-out", "rancher-old\n");
    const { state, ready, kept, container } = await look(node);
    assert.deepEqual([state, ready, kept, container], ["", false, "rancher-old", "rancher-new"]);
  }),
);

test(
  "a node of a former version is looked at by its guard",
  withNode(async (node) => {
    node.unit("guard", "file", "enabled", "active");
    node.put("units/keepalived.active");
    node.put("config/service.conf", "CONTAINER=rancher-old\n");
    node.put("run/state", "state=STANDBY\nreason=the VIP is gone = bad\ngave_up=no = luck\nepoch=0\n");
    node.put("run/track", "0\n");
    const { container, enabled, state, ready, reason, gaveUp } = await look(node);
    assert.deepEqual([container, enabled, state, ready], ["rancher-old", true, "STANDBY", true]);
    assert.deepEqual([reason, gaveUp], ["the VIP is gone = bad", "no = luck"]);
    node.put("config/maintenance", "1\n");
    assert.equal((await look(node)).ready, false);
    node.remove("units/ha-rancher-guard.active");
    assert.deepEqual([(await look(node)).state, (await look(node)).ready], ["", false], "it was killed");
  }),
);

test(
  "name says what the agent is to run, and where it is asked; how often is the configuration's",
  withNode(async (node) => {
    node.configure();
    await node.mustRun("release/name", "rancher-old");
    assert.deepEqual(JSON.parse(node.get("config/service.json")), {
      container: "rancher-old",
      health: [{ url: "https://127.0.0.1:443/healthz" }, { url: "https://127.0.0.1:443/deep", deep: true }],
    });
    await node.mustRun("release/name", "rancher-new");
    assert.deepEqual(JSON.parse(node.get("config/service.json")), {
      container: "rancher-new",
      health: [{ url: "https://127.0.0.1:3300/healthz" }],
    });
    // The agent takes it.
    await node.mustRun("host/agent", "check", node.path("config/agent.json"));
    assert.deepEqual(node.log(), []);
  }),
);

test(
  "name takes the questions of a container that has its own, and refuses one whose data would stay on the node",
  withNode(async (node) => {
    node.configure();
    await node.mustRun("release/name", "notes-mounted");
    assert.deepEqual(JSON.parse(node.get("config/service.json")), {
      container: "notes-mounted",
      health: [{ tcp: "127.0.0.1:5432" }, { command: ["well", "-q"], deep: true }],
    });
    await node.mustRun("host/agent", "check", node.path("config/agent.json"));
    const refused = await node.run("release/name", "notes-loose");
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr, /keeps data in \/var\/lib\/notes, .*`dataPath`/);
    assert.match(node.get("config/service.json"), /notes-mounted/);
  }),
);

test(
  "name takes all containers of a service, and looks at each of them",
  withNode(async (node) => {
    node.configure();
    await node.mustRun("release/name", "web-1a2b3c4d");
    assert.deepEqual(JSON.parse(node.get("config/service.json")), {
      container: "web-1a2b3c4d",
      health: [{ tcp: "127.0.0.1:80" }],
      companions: ["web-db-1a2b3c4d"],
      before: [{ container: "web-migrate-1a2b3c4d", timeout: 5_000 }],
      after: [],
    });
    await node.mustRun("host/agent", "check", node.path("config/agent.json"));
    const refused = await node.run("release/name", "web-5e6f7a8b");
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr, /the image of web-db-5e6f7a8b keeps data in \/var\/lib\/postgresql\/data/);
    assert.match((await node.run("release/name", "web-9")).stderr, /there is no container web-9/);
    assert.match(node.get("config/service.json"), /web-1a2b3c4d/);
  }),
);

test(
  "point on a node whose agent was never started only names the container",
  withNode(async (node) => {
    node.units();
    node.configure();
    await node.mustRun("release/point", "rancher-new");
    assert.equal((await look(node)).container, "rancher-new");
    assert.deepEqual(node.log(), []);
  }),
);

test(
  "point on a node with an agent: stopped with the old container, started with the new one, whose failures are none",
  withNode(async (node) => {
    node.units();
    node.configure();
    await node.mustRun("release/name", "rancher-old");
    await node.mustRun("host/start-agent");
    node.log();
    await node.mustRun("release/point", "rancher-new");
    assert.equal(node.log()[0], "stop ha-rancher-agent");
    assert.ok(node.isUnit("agent", "active"));
    assert.equal(JSON.parse(node.get("run/running.json")).service.container, "rancher-new");
    assert.equal((await look(node)).state, "standby");
  }),
);

test(
  "point on a node whose guard of a former version runs: the agent takes its place",
  withNode(async (node) => {
    node.units();
    node.configure();
    for (const name of ["guard", "watchdog", "identity"]) node.unit(name, "file", "enabled", "active");
    node.put(
      "config/service.conf",
      "CONTAINER=rancher-old\nHEALTH_URL=https://127.0.0.1/healthz\nDEEP_URL=\n",
    );
    await node.mustRun("release/point", "rancher-new");
    assert.ok(!node.isUnit("guard", "active") && !node.isUnit("guard", "enabled"));
    assert.equal(JSON.parse(node.get("run/running.json")).service.container, "rancher-new");
  }),
);

test(
  "a container that is not there is named nowhere, and nothing is stopped; nor is one that says not where it is asked",
  withNode(async (node) => {
    node.units();
    node.configure();
    await node.mustRun("release/name", "rancher-old");
    node.unit("agent", "enabled", "active");
    for (const script of ["release/point", "release/name"]) {
      const { code, stderr } = await node.run(script, "rancher-lost");
      assert.equal(code, 1);
      assert.match(stderr, /there is no container rancher-lost on this node: .*No such container/);
    }
    assert.match((await node.run("release/name", "rancher-bare")).stderr, /has no label that says how/);
    assert.match(node.get("config/service.json"), /rancher-old/);
    assert.deepEqual(node.log(), []);
  }),
);

test(
  "a halted node is kept out of service until it is pointed again",
  withNode(async (node) => {
    node.units();
    node.configure();
    await node.mustRun("release/name", "rancher-old");
    await node.mustRun("host/start-agent");
    await node.mustRun("release/halt", "rancher-old");
    assert.deepEqual([(await look(node)).kept, (await look(node)).state], ["rancher-old", ""]);
    const unit = readFileSync(join(packageRoot, "node", "units", "ha-rancher-agent.service"), "utf8");
    assert.match(unit, /^ConditionPathExists=!\/etc\/ha-rancher\/kept-out$/m, "a boot would start the agent");
    // Named again, it stays so.
    await node.mustRun("release/name", "rancher-new");
    assert.ok((await look(node)).kept);
    await node.mustRun("release/point", "rancher-old");
    assert.deepEqual([(await look(node)).kept, node.isUnit("agent", "active")], [undefined, true]);
  }),
);

test(
  "halt and take-back reach a former version's guard, too",
  withNode(async (node) => {
    node.units();
    node.configure();
    node.unit("guard", "file", "enabled", "active");
    assert.match(
      (await node.run("release/take-back", "rancher-old")).stderr,
      /ha-rancher-guard runs on this node: it must be stopped/,
    );
    await node.mustRun("release/halt", "rancher-old");
    assert.ok(!node.isUnit("guard", "active"));
  }),
);

test(
  "the last words are the agent's and the container's",
  withNode(async (node) => {
    node.put("config/service.json", '{"container":"rancher-old","health":[]}\n');
    const { stdout } = await node.run("release/last-words");
    assert.match(
      stdout,
      /^\[agent\]\nthe journal of ha-rancher-agent\n\[container rancher-old\]\nstatus running.*\nits last line\n$/,
    );
  }),
);
