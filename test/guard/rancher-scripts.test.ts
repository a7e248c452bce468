import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { guardConf } from "../../domain/guard-conf";
import { packageRoot } from "../../local/root";
import { parseLook } from "../../providers/release/scripts";
import { memoryFolder } from "./memory";

let node: string;

beforeEach(() => {
  node = memoryFolder("rancher-scripts");
  for (const folder of ["config", "run"]) mkdirSync(join(node, folder));
});
afterEach(() => rmSync(node, { recursive: true, force: true }));

const put = (path: string, text: string): void => writeFileSync(join(node, path), text);
const get = (path: string): string => readFileSync(join(node, path), "utf8").trim();
const has = (path: string): boolean => existsSync(join(node, path));

/** Runs a script. */
function run(name: string, ...args: string[]): { code: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(join(packageRoot, "node", "release", name), args, {
    encoding: "utf8",
    env: {
      PATH: `${join(packageRoot, "test", "guard", "rancher-fakes")}:${process.env.PATH}`,
      FAKE_NODE: node,
      CONFIG_DIRECTORY: join(node, "config"),
      RUN_DIRECTORY: join(node, "run"),
    },
  });
  return { code: status, stdout, stderr };
}

/** This process, as a guard names itself: its number, and when it was started (proc_pid_stat(5)). */
const self = (): string =>
  `${process.pid} ${
    readFileSync("/proc/self/stat", "utf8")
      .replace(/^.*\) /, "")
      .split(" ")[19]
  }`;

const look = () => {
  const { code, stdout, stderr } = run("look");
  assert.equal(code, 0, stderr);
  assert.equal(stderr, "");
  return parseLook(stdout);
};

test("look at a node that nothing was done to", () => {
  assert.deepEqual(look(), {
    container: "",
    kept: undefined,
    enabled: false,
    state: "",
    reason: "",
    gaveUp: "",
    ready: false,
    running: ["rancher-old"],
  });
});

test("look at one that stands by, and at one in maintenance", () => {
  put("active", "");
  put("config/service.conf", "CONTAINER=rancher-old\n");
  put(
    "run/state",
    `process=${self()}\nstate=STANDBY\nreason=the VIP is gone = bad\ngave_up=no = luck\nepoch=0\n`,
  );
  put("run/track", "0\n");
  const found = look();
  assert.deepEqual([found.container, found.state, found.ready], ["rancher-old", "STANDBY", true]);
  assert.deepEqual([found.reason, found.gaveUp], ["the VIP is gone = bad", "no = luck"]);
  put("run/state", "process=1 2\nstate=STANDBY\n");
  assert.deepEqual([look().state, look().ready], ["", false], "one that was killed says nothing any more");
  put("run/state", `process=${self()}\nstate=STANDBY\n`);
  put("config/maintenance", "1\n");
  assert.equal(look().ready, false);
  put("config/maintenance", "0\n");
  put("run/track", "1\n");
  assert.equal(look().ready, false);
});

test("point on a node whose guard was never started: it only names the container, and where it answers", () => {
  assert.equal(run("point", "rancher-new").code, 0);
  assert.deepEqual(get("config/service.conf").split("\n").slice(1), [
    "CONTAINER=rancher-new",
    "HEALTH_URL=https://127.0.0.1:3300/healthz",
    "DEEP_URL=https://127.0.0.1:3300/deep",
  ]);
  assert.equal(has("log"), false);
});

test("point on a node with a guard: stopped with the old name, started with the new one", () => {
  put("enabled", "");
  put("active", "");
  put("config/service.conf", "CONTAINER=rancher-old\n");
  assert.equal(run("point", "rancher-new").code, 0);
  assert.equal(get("log"), "stopped\nstarted with rancher-new");
  // And back, with the address that the old one answers at.
  assert.equal(run("point", "rancher-old").code, 0);
  assert.match(get("config/service.conf"), /HEALTH_URL=https:\/\/127\.0\.0\.1:443\/healthz/);
});

test("a container that is not there is named nowhere, and nothing is stopped", () => {
  put("enabled", "");
  put("active", "");
  put("config/service.conf", "CONTAINER=rancher-old\n");
  const { code, stderr } = run("point", "rancher-lost");
  assert.equal(code, 1);
  assert.match(stderr, /there is no container rancher-lost on this node: .*No such container/);
  assert.equal(look().container, "rancher-old");
  assert.equal(has("log"), false);
});

test("a halted node is kept out of service until it is pointed again", () => {
  put("enabled", "");
  put("active", "");
  assert.equal(run("halt", "rancher-old").code, 0);
  assert.deepEqual([look().kept, look().state], ["rancher-old", ""]);
  const unit = readFileSync(join(packageRoot, "node", "units", "ha-rancher-guard.service"), "utf8");
  assert.match(unit, /^ConditionPathExists=!\/etc\/ha-rancher\/kept-out$/m, "a boot would start the guard");
  assert.equal(run("point", "rancher-old").code, 0);
  assert.deepEqual([look().kept, has("active")], [undefined, true]);
});

test("the last words are the guard's and the container's", () => {
  put("config/service.conf", "CONTAINER=rancher-old\n");
  const { stdout } = run("last-words");
  assert.match(
    stdout,
    /^\[guard\]\nthe journal\n\[container rancher-old\]\nstatus running.*\nits last line\n$/,
  );
});

describe("the datastore taken back", () => {
  const store = "data/k3s/server/db";
  const copies = "data/.snap";

  beforeEach(() => {
    for (const folder of [store, "lease", `${copies}/7`]) mkdirSync(join(node, folder), { recursive: true });
    const conf = guardConf({
      node: "a",
      vip: "192.168.56.10",
      container: "rancher-old",
      dataDirectory: join(node, "data"),
      dataUnit: "rancher_data.mount",
      leaseDirectory: join(node, "lease"),
      identity: "test-a",
      sentinel: "the data of the test",
      healthUrl: "https://127.0.0.1/healthz",
    });
    put(
      "config/guard.conf",
      `${conf}LEASE_UNIT=rancher_lease.mount\nIDENTITY_FILE=${node}/identity\nMOUNT_TABLE=${node}/mounts\n`,
    );
    put("identity", "test-a\n");
    put("mounts", `21 1 8:1 / ${join(node, "lease")} rw shared:1 - nfs4 server:/lease rw\n`);
    put("data/.ha-rancher-sentinel", "the data of the test\n");
    put(`${store}/etcd`, "as the new one left it");
    put(`${copies}/7/etcd`, "as the old one left it");
    put(`${copies}/before`, "7\n");
    put(`${copies}/container`, "rancher-new\n");
    put("lease/epoch", "8\n");
    put("lease/lease", "8 90 b released\n");
  });

  test("from the copy, with what the other left kept aside, under the lease of an epoch of its own", () => {
    const { code, stdout, stderr } = run("take-back", "rancher-old");
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^its datastore is as it was before the upgrade, from the copy of epoch 7\n$/);
    assert.equal(get(`${store}/etcd`), "as the old one left it");
    assert.equal(get(`${copies}/failed/etcd`), "as the new one left it");
    assert.equal(get(`${copies}/container`), "rancher-old");
    assert.equal(get("lease/epoch"), "9");
    assert.match(get("lease/lease"), /\n9 \d+ a starting\n9 \d+ a released$/);
    assert.equal(get("log"), "unmounted");
  });

  test("again after one that was killed half-way, and nothing once it is done", () => {
    mkdirSync(join(node, `${store}.taken-back`));
    rmSync(join(node, store), { recursive: true });
    assert.equal(run("take-back", "rancher-old").code, 0);
    assert.equal(get(`${store}/etcd`), "as the old one left it");
    put(`${store}/etcd`, "written since");
    const { code, stdout } = run("take-back", "rancher-old");
    assert.equal(code, 0);
    assert.match(stdout, /as it was, since the new container was not started on it/);
    assert.equal(get(`${store}/etcd`), "written since");
  });

  test("empty, if it was that when the other one came", () => {
    rmSync(join(node, copies, "before"));
    assert.match(run("take-back", "rancher-old").stdout, /is empty/);
    assert.equal(has(store), false);
    assert.equal(get(`${copies}/failed/etcd`), "as the new one left it");
  });

  test("not of a stack that is not this one, and not while a guard runs, nor without the copy", () => {
    rmSync(join(node, copies, "7"), { recursive: true });
    assert.match(run("take-back", "rancher-old").stderr, /the copy .*\.snap\/7\) is gone: restore a backup/);
    put("data/.ha-rancher-sentinel", "another one's\n");
    assert.match(run("take-back", "rancher-old").stderr, /not this stack's data/);
    // Whoever comes next need not wait.
    assert.match(get("lease/lease"), / a released$/);
    put("active", "");
    assert.match(run("take-back", "rancher-old").stderr, /the guard of this node runs/);
    assert.equal(get(`${store}/etcd`), "as the new one left it");
  });
});
