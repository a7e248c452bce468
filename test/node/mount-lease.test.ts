import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { packageRoot } from "../../local/root";

/*
 * How a node comes to its lease directory: node/storage/mount-lease with a systemd that does what it is told, and a client
 * whose identity cannot change while anything is mounted.
 */

const wanted = "server:/stack/lease nfs4";
let folder: string;
const file = (name: string): string => join(folder, name);
const content = (name: string): string =>
  existsSync(file(name)) ? readFileSync(file(name), "utf8").trim() : "";

const fakes = {
  systemctl: `
    echo "$*" >>log
    case $* in
      "is-active \${SERVICE-ha-rancher-agent}.service") echo "\${STATE-inactive}" ;;
      'is-active '*) echo inactive ;;
      'enable --now '*) [[ -s mounted ]] || cp "\${MOUNTS-wanted}" mounted ;;
      'stop lease.mount') rm mounted ;;
      'start lease.mount') cp "\${MOUNTS-wanted}" mounted ;;
    esac`,
  busctl: "exit 1",
  findmnt: "[[ ! -e mounted ]] || cat mounted",
  identity: `
    [[ ! -e identified ]] || exit 0
    [[ ! -e mounted && ! -e foreign ]] || { echo "it cannot become another while something is mounted" >&2; exit 1; }
    echo identity >>log
    touch identified`,
};

function mountLease(env: NodeJS.ProcessEnv = {}): { status: number | null; stderr: string; log: string[] } {
  const args = ["lease.mount", "/rancher_lease", ...wanted.split(" ")];
  const { status, stderr } = spawnSync(join(packageRoot, "node", "storage", "mount-lease"), args, {
    cwd: folder,
    env: { ...process.env, PATH: `${folder}:${process.env.PATH}`, HA_RANCHER_STORAGE: folder, ...env },
    encoding: "utf8",
  });
  return { status, stderr, log: content("log").split("\n") };
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mount-lease-"));
  for (const [name, text] of Object.entries(fakes))
    writeFileSync(file(name), `#!/usr/bin/env bash\n${text}\n`, { mode: 0o755 });
  writeFileSync(file("wanted"), wanted);
});
afterEach(() => rmSync(folder, { recursive: true }));

const enabled = "enable --now ha-rancher-nfs-identity.service lease.mount";

test("a node that has what it should is left alone", () => {
  writeFileSync(file("identified"), "");
  writeFileSync(file("mounted"), wanted);
  assert.deepEqual(mountLease({ STATE: "active" }), { status: 0, stderr: "", log: [enabled] });
});

test("another directory is mounted in place of the old one, while nothing serves", () => {
  writeFileSync(file("identified"), "");
  writeFileSync(file("mounted"), "server:/old/lease nfs4");
  const { status, log } = mountLease({ STATE: "active" });
  assert.equal(status, 0);
  assert.deepEqual(log.slice(3), [
    "stop ha-rancher-agent.service",
    "stop lease.mount",
    "start lease.mount",
    "start ha-rancher-agent.service",
  ]);
  assert.equal(content("mounted"), wanted);
});

test("a former version's guard, which was not replaced yet, is stopped for that like an agent", () => {
  writeFileSync(file("identified"), "");
  writeFileSync(file("mounted"), "server:/old/lease nfs4");
  const { log } = mountLease({ SERVICE: "ha-rancher-guard", STATE: "active" });
  assert.equal(log[3], "stop ha-rancher-guard.service");
  assert.equal(log.at(-1), "start ha-rancher-guard.service");
});

test("a node that had version 3 gets its identity before it mounts with version 4", () => {
  writeFileSync(file("mounted"), "server:/stack/lease nfs");
  const { status, log } = mountLease();
  assert.equal(status, 0);
  assert.deepEqual(log.slice(3), ["stop lease.mount", "identity", "start lease.mount"]);
});

test("what was mounted without an identity is mounted anew, as after an update that ended half-way", () => {
  writeFileSync(file("mounted"), wanted);
  assert.equal(mountLease().status, 0);
  assert.ok(existsSync(file("identified")));
  assert.equal(content("mounted"), wanted);
});

test("where somebody else's mount keeps the identity from changing, it says so, and the agent is back", () => {
  writeFileSync(file("mounted"), wanted);
  writeFileSync(file("foreign"), "");
  const { status, stderr, log } = mountLease({ STATE: "active" });
  assert.equal(status, 1);
  assert.match(stderr, /cannot become another/);
  assert.equal(log.at(-1), "start ha-rancher-agent.service");
});

test("a mount that is still another one afterwards is an error", () => {
  writeFileSync(file("identified"), "");
  writeFileSync(file("mounted"), "server:/old/lease nfs4");
  writeFileSync(file("old"), "server:/old/lease nfs4");
  const { status, stderr } = mountLease({ MOUNTS: "old" });
  assert.equal(status, 1);
  assert.match(
    stderr,
    /\/rancher_lease is not server:\/stack\/lease nfs4 after it was mounted anew: server:\/old/,
  );
});
