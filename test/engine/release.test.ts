import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Upgrades } from "../../domain/upgrades";
import { TestStack } from "../../drill/rig/vagrant/test-stack";
import { packageRoot } from "../../local/root";
import { TestServer } from "../unit/remote-server";

/*
 * A release as a resource of the real Pulumi: two SSH servers on the loopback in place of nodes, whose agents were never
 * started. Each test goes on from where the one before it stopped.
 */

const servers = new Map(["one", "two"].map((name) => [name, new TestServer()]));
let stack: TestStack;

const server = (name: string): TestServer => servers.get(name) ?? assert.fail(name);
const named = (name: string): string =>
  (JSON.parse(readFileSync(server(name).path("config/service.json"), "utf8")) as { container: string })
    .container;

function write(changes: object = {}): void {
  const endpoints = Object.fromEntries([...servers].map(([name, { endpoint }]) => [name, endpoint]));
  const args = {
    endpoints,
    container: "rancher-old",
    image: "rancher/rancher:v2.12.3",
    title: "Rancher",
    url: "https://192.0.2.10",
    healthPath: "/healthz",
    causes: [],
    startDeadline: 5,
    allowDowngrade: false,
  };
  writeFileSync(join(stack.folder, "release.json"), JSON.stringify({ ...args, ...changes }));
}

before(async () => {
  const fakes = join(packageRoot, "test", "node", "fakes");
  for (const each of servers.values()) {
    for (const folder of ["config", "run"]) mkdirSync(each.path(folder));
    const own = `FAKE_NODE=${each.directory} MOUNT_TABLE=${each.path("mounts")} CONFIG_DIRECTORY=${each.path("config")} RUN_DIRECTORY=${each.path("run")}`;
    writeFileSync(each.path("bin/sudo"), `#!/bin/sh\nshift\nexec env ${own} PATH="${fakes}:$PATH" "$@"\n`);
    chmodSync(each.path("bin/sudo"), 0o755);
    await each.start();
  }
  stack = await TestStack.make("release", undefined, join(__dirname, "release-program.js"));
  write();
});

after(async () => {
  await stack?.close();
  for (const each of servers.values()) await each.stop();
});

test("a preview touches nothing; up names the container on all nodes, and a second one finds nothing to do", async () => {
  assert.equal((await stack.pulumi("preview")).code, 0);
  for (const each of servers.values()) assert.equal(each.logins, 0);
  await stack.mustUp();
  for (const name of servers.keys()) assert.equal(named(name), "rancher-old");
  await stack.mustUp("--expect-no-changes");
  await stack.mustRefresh();
  await stack.mustBeUnchanged();
});

test("how to log in is nowhere in the state in clear", () => {
  for (const { endpoint } of servers.values()) {
    const [, middle = ""] = endpoint.privateKey.split("\n");
    assert.ok(middle.length > 40);
    assert.equal(stack.stateText().includes(middle), false);
  }
});

test("a node that runs another container, or is kept out, is drift, and mended", async () => {
  const two = server("two");
  for (const [file, text] of [
    ["config/service.json", '{"container":"rancher-new","health":[{"url":"https://127.0.0.1/healthz"}]}\n'],
    ["config/kept-out", "rancher-old\n"],
  ] as const) {
    writeFileSync(two.path(file), text);
    assert.notEqual((await stack.pulumi("refresh", "--yes", "--expect-no-changes")).code, 0, file);
    await stack.mustUp();
    assert.equal(named("two"), "rancher-old");
    await stack.mustRefresh();
    await stack.mustBeUnchanged();
  }
});

test("a node that an upgrade left out of service is seen by the next up, though the settings were set back", async () => {
  const kept = server("two").path("config/kept-out");
  writeFileSync(kept, "rancher-old\n");
  const { code, text } = await stack.pulumi("preview", "--expect-no-changes");
  assert.notEqual(code, 0, text);
  assert.ok(existsSync(kept), "a preview changes nothing");
  const said = await stack.mustUp();
  assert.match(said, /an upgrade was interrupted, which left two out of service/);
  assert.equal(existsSync(kept), false);
  await stack.mustUp("--expect-no-changes");
});

test("an older image is refused in the preview, and let through if it must be", async () => {
  const older = { image: "rancher/rancher:v2.11.9", container: "rancher-new" };
  write(older);
  const { code, text } = await stack.pulumi("preview");
  assert.notEqual(code, 0);
  assert.match(
    text,
    /`image` must not go back from rancher\/rancher:v2\.12\.3 to rancher\/rancher:v2\.11\.9/,
  );
  write({ ...older, allowDowngrade: true });
  await stack.mustUp();
  for (const name of servers.keys()) assert.equal(named(name), "rancher-new");
  write();
  await stack.mustUp();
});

test("a version over the next is refused with the way, and what breaks the next one is looked at first", async () => {
  const meaning = "the next version does not start on it";
  const upgrades: Upgrades = {
    lines: [
      { line: "2.12", newest: "v2.12.3" },
      { line: "2.13", newest: "v2.13.3" },
      { line: "2.14", newest: "v2.14.3" },
    ],
    traps: [{ into: "2.13", look: { link: "k3s/server/db/etcd" }, meaning }],
  };
  const refused = async (image: string, why: RegExp): Promise<void> => {
    write({ image, container: "rancher-new", upgrades });
    const { code, text } = await stack.pulumi("preview");
    assert.notEqual(code, 0);
    assert.match(text.replace(/\s+/g, " "), why);
  };
  await refused(
    "rancher/rancher:v2.14.3",
    /must not go from v2\.12\.3 to v2\.14\.3 at once.*v2\.12\.3 -> v2\.13\.3 -> v2\.14\.3.*or set `image` to rancher\/rancher:v2\.13\.3 first/,
  );
  const one = server("one");
  for (const each of servers.values())
    writeFileSync(each.path("mounts"), "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n");
  await refused("rancher/rancher:v2.13.3", /no node has the shared data mounted now/);
  const told = one.path("config/agent.json");
  writeFileSync(told, JSON.stringify({ data: { directory: one.path("data") } }));
  writeFileSync(one.path("mounts"), `30 22 0:40 / ${one.path("data")} rw - nfs4 server:/x rw\n`);
  mkdirSync(one.path("data/k3s/server/db"), { recursive: true });
  symlinkSync("/", one.path("data/k3s/server/db/etcd"));
  await refused(
    "rancher/rancher:v2.13.3",
    /one has a link in its data, k3s\/server\/db\/etcd: the next version/,
  );
  for (const name of servers.keys()) assert.equal(named(name), "rancher-old");
  rmSync(one.path("data/k3s/server/db/etcd"));
  assert.equal((await stack.pulumi("preview")).code, 0);
  await stack.mustUp();
  for (const name of servers.keys()) assert.equal(named(name), "rancher-new");
  rmSync(told);
  write({ allowDowngrade: true });
  await stack.mustUp();
  write();
  await stack.mustUp();
});

test("a container that a node lacks is an error with its name; with the setting back there is nothing to do", async () => {
  write({ container: "rancher-lost" });
  const { code, text } = await stack.up();
  assert.notEqual(code, 0);
  assert.match(text, /(one|two): there is no container rancher-lost on this node/);
  for (const name of servers.keys()) assert.equal(named(name), "rancher-old");
  write();
  await stack.mustUp("--expect-no-changes");
});
