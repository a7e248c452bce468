import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { activeNode, bringBackup, surplus } from "../../cli/actions/backup";
import { restoreOn, restoringNode } from "../../cli/actions/restore";
import { fromCaller } from "../../cli/caller";
import type { NodeReport } from "../../stack/node-report";
import { putScript, temporaryFolder, withEnvironment } from "./cli-support";
import { TestServer } from "./remote-server";

const node = (name: string, status: Partial<NonNullable<NodeReport["status"]>> = {}): NodeReport => ({
  name,
  address: "192.168.56.11",
  status: { holdsVip: false, ...status },
});
const gone: NodeReport = { name: "gone", address: "192.168.56.12", error: "it does not answer" };

test("the newest backups stay, and what has another name is not touched", () => {
  const names = [
    "rancher-20260102T000000Z.tar",
    "notes.tar",
    "rancher-20260101T000000Z.tar",
    "rancher-1.tar",
  ];
  assert.deepEqual(surplus(names, 1), ["rancher-20260101T000000Z.tar"]);
  assert.deepEqual(surplus(names, 2), []);
});

test("a path is the user's, from where npm was called", (t) => {
  withEnvironment(t, { INIT_CWD: "/home/me" });
  assert.equal(fromCaller("a.tar"), join("/home/me", "a.tar"));
  assert.equal(fromCaller("/b.tar"), "/b.tar");
});

test("a backup is the serving node's; without one it is refused with each node's reason", () => {
  assert.equal(
    activeNode([
      node("one", { agent: { state: "standby" } }),
      node("two", { agent: { state: "active" } }),
      gone,
    ]),
    "two",
  );
  assert.throws(
    () => activeNode([node("one", { agent: { state: "launching", reason: "the container runs" } }), gone]),
    /no node serves.*one: the container runs; gone: it does not answer/,
  );
});

test("a restore goes to who has the lease, else the VIP, else to one that is fit", () => {
  const standby = node("standby", { agent: { state: "standby" } });
  const holder = node("holder", { holdsVip: true });
  const owner = node("owner", { lease: { heldHere: true } });
  assert.equal(restoringNode([standby, holder, owner, gone]), "owner");
  assert.equal(restoringNode([standby, gone, holder]), "holder");
  assert.equal(restoringNode([gone, standby]), "standby");
  assert.throws(
    () => restoringNode([gone, node("stopped", { agent: { state: "stopped", reason: "no agent runs" } })]),
    /no node can restore.*stopped: no agent runs/,
  );
});

const server = new TestServer();
before(() => server.start());
after(() => server.stop());
const there = { scripts: server.path("scripts"), staging: server.path("staging") };

test("a backup is brought here whole, and the node keeps nothing of it", async (t) => {
  putScript(server.path("scripts/backup"), [
    'mkdir -p "$1"; head -c 300000 /dev/urandom >"$1/rancher-20260103T000000Z.tar"',
    'cp "$1/rancher-20260103T000000Z.tar" "$1/../made"',
    'echo "the service was away for at most 9 s" >&2; echo "$1/rancher-20260103T000000Z.tar"',
  ]);
  const path = temporaryFolder(t);
  for (const day of ["01", "02"]) writeFileSync(join(path, `rancher-202601${day}T000000Z.tar`), "");
  const file = await bringBackup(server.endpoint, "one", { path, isFolder: true, keep: 2 }, there);
  assert.deepEqual(readFileSync(file), readFileSync(server.path("made")));
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(path).sort(), [
    "rancher-20260102T000000Z.tar",
    "rancher-20260103T000000Z.tar",
  ]);
  assert.ok(!existsSync(there.staging));
  const named = join(path, "today.tar");
  assert.equal(
    await bringBackup(server.endpoint, "one", { path: named, isFolder: false, keep: 1 }, there),
    named,
  );
  assert.equal(readdirSync(path).length, 3, "a file of one's own removes no others");
});

test("a backup that fails leaves nothing here, and says what the node said", async (t) => {
  const path = temporaryFolder(t);
  const make = () => bringBackup(server.endpoint, "one", { path, isFolder: true, keep: 1 }, there);
  putScript(server.path("scripts/backup"), ["echo no room >&2", "exit 1"]);
  await assert.rejects(make(), /^Failure: one: no room$/);
  putScript(server.path("scripts/backup"), ["echo it does not run on this node >&2"]);
  await assert.rejects(make(), /one: it does not run on this node/);
  putScript(server.path("scripts/backup"), ["echo /nowhere/rancher-20260101T000000Z.tar"]);
  await assert.rejects(make(), /nowhere/);
  assert.deepEqual(readdirSync(path), []);
});

test("an archive goes to the node as it is, is restored there, and does not stay", async (t) => {
  const archive = join(temporaryFolder(t), "a.tar");
  writeFileSync(archive, "the archive");
  putScript(server.path("scripts/restore"), [
    `cp "$1" ${server.path("restored")}; stat -c %a "$1" >>${server.path("restored")}`,
  ]);
  await restoreOn(server.endpoint, "one", archive, there);
  assert.equal(readFileSync(server.path("restored"), "utf8"), "the archive600\n");
  assert.ok(!existsSync(there.staging));
  putScript(server.path("scripts/restore"), ["echo the archive is refused >&2; exit 1"]);
  await assert.rejects(restoreOn(server.endpoint, "one", archive, there), /one: the archive is refused/);
  assert.ok(!existsSync(there.staging));
});
