import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { packageRoot } from "../../local/root";

/* What the programs say that only look, for drift, with a systemd and programs that are what a test says. */

let folder: string;
const file = (name: string): string => join(folder, name);
const fake = (name: string, text = ""): void =>
  writeFileSync(file(`bin/${name}`), `#!/usr/bin/env bash\n${text}\n`, { mode: 0o755 });

/** A unit as systemd has it. */
interface Unit {
  load?: string;
  active?: string;
  start?: string;
  stale?: boolean;
}

/** systemd knows these; all others are gone. */
function systemd(units: Record<string, Unit>): void {
  const blocks = Object.entries(units).map(
    ([name, { load = "loaded", active = "active", start = "enabled", stale = false }]) =>
      `${name}) load=${load} active=${active} start=${start} stale=${stale ? "yes" : "no"} ;;`,
  );
  fake(
    "systemctl",
    `echo "$*" >>${file("log")}
[[ $1 == show ]] || exit 0
first=1
for unit in "\${@:4}"; do
  [[ -n $first ]] || echo
  first=
  load=not-found active=inactive start='' stale=no
  case $unit in ${blocks.join("\n")} esac
  printf 'LoadState=%s\\nActiveState=%s\\nUnitFileState=%s\\nNeedDaemonReload=%s\\n' $load $active "$start" $stale
done`,
  );
}

function run(program: string, ...args: string[]): string[] {
  const { status, stdout, stderr } = spawnSync(join(packageRoot, "node", program), args, {
    // Only what a test put there is there, and what the scripts themselves are made of.
    env: { PATH: `${file("bin")}:${file("tools")}`, LC_ALL: "C" },
    encoding: "utf8",
  });
  assert.equal(status, 0, stderr);
  assert.equal(stderr, "");
  return stdout.split("\n").filter(Boolean);
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "looks-"));
  for (const name of ["bin", "tools"]) mkdirSync(file(name));
  for (const tool of ["bash", "env", "timeout", "dirname", "readlink", "mountpoint", "cat"]) {
    const { stdout } = spawnSync("sh", ["-c", `command -v ${tool}`], { encoding: "utf8" });
    writeFileSync(file(`tools/${tool}`), `#!/bin/sh\nexec ${stdout.trim()} "$@"\n`, { mode: 0o755 });
  }
});
afterEach(() => rmSync(folder, { recursive: true }));

test("units that do not stand as they were left are told, each fault a line", () => {
  systemd({
    "well.service": {},
    "static.service": { start: "static" },
    "stopped.service": { active: "inactive" },
    "off.timer": { active: "inactive", start: "disabled" },
    "masked.service": { load: "masked", active: "inactive", start: "masked" },
    "old.service": { stale: true },
  });
  assert.deepEqual(run("host/units", "well.service", "static.service"), []);
  assert.deepEqual(
    run(
      "host/units",
      "stopped.service",
      "well.service",
      "off.timer",
      "masked.service",
      "lost.service",
      "old.service",
    ),
    [
      "stopped.service does not run",
      "off.timer does not run",
      "off.timer does not start at boot",
      "masked.service is masked",
      "the unit lost.service is gone",
      "systemd has read another old.service than the one on disk",
    ],
  );
  fake("systemctl", "exit 1");
  assert.deepEqual(run("host/units", "well.service"), ["systemd does not answer"]);
});

/** The lines about these programs and Docker; the test's machine has no folders of ours. */
const prepared = (...agent: string[]): string[] =>
  run("host/prepare", "look", file("data"), file("lease"), "admin", ...agent)
    // A client for NFS may be in this machine's own folders of programs.
    .filter((line) => !/\/(etc|lib)\/ha-rancher is gone$/.test(line))
    .sort();

test("what a node was prepared with is looked at: programs, Docker, who may use it, folders", () => {
  fake("id", "echo people docker");
  for (const name of ["data", "lease"]) mkdirSync(file(name));
  for (const name of ["apt-get", "docker", "mount.nfs4", "curl", "python3"]) fake(name, "exit 9");
  const docker = { "docker.service": {}, "docker.socket": {} };
  systemd(docker);
  assert.deepEqual(prepared(), []);
  // Its socket starts it.
  systemd({ ...docker, "docker.service": { active: "inactive", start: "disabled" } });
  assert.deepEqual(prepared(), []);
  systemd({
    "docker.service": { active: "inactive" },
    "docker.socket": { active: "inactive", start: "disabled" },
  });
  assert.deepEqual(prepared(), ["docker.service does not run"]);
  systemd({ ...docker, "docker.service": { load: "masked", active: "inactive" } });
  assert.deepEqual(prepared(), ["docker.service is masked"]);
  // Another engine than Docker's own.
  systemd({});
  assert.deepEqual(prepared(), []);
  fake("id", "echo people");
  assert.deepEqual(prepared(), ["admin may not use Docker"]);
  fake("id", "echo people docker");

  for (const name of ["curl", "docker"]) rmSync(file(`bin/${name}`));
  rmSync(file("data"), { recursive: true });
  assert.deepEqual(prepared("fence_virsh"), [
    "curl is missing",
    "docker is missing",
    "fence_virsh is missing",
    `the folder ${file("data")} is gone`,
  ]);
});

test("where no container is to run, neither Docker nor NFS is missed, and nobody is let in to Docker", () => {
  for (const name of ["docker", "mount.nfs4", "curl"]) rmSync(file(`bin/${name}`), { force: true });
  fake("python3", "exit 9");
  fake("id", "echo people");
  const found = run("host/prepare", "look", "-", "-").filter(
    (line) => !/\/(etc|lib)\/ha-rancher is gone$/.test(line),
  );
  assert.deepEqual(found, []);
});

test("whoever logs in is let in to Docker, once; root and a user who may are left alone", () => {
  const log = (): string[] => {
    const lines = existsSync(file("log"))
      ? readFileSync(file("log"), "utf8").split("\n").filter(Boolean)
      : [];
    rmSync(file("log"), { force: true });
    return lines;
  };
  for (const name of ["groupadd", "usermod"]) fake(name, `echo "${name} $*" >>${file("log")}`);
  fake("id", `[[ $2 == admin ]] || exit 1; echo people $(cat ${file("member")} 2>/dev/null)`);
  fake("getent", `[[ $* == 'group docker' && -e ${file("group")} ]]`);
  assert.deepEqual(run("host/docker-user", "make", "admin"), []);
  assert.deepEqual(log(), ["groupadd --system docker", "usermod --append --groups docker admin"]);
  // Docker's package has made it.
  writeFileSync(file("group"), "");
  assert.deepEqual(run("host/docker-user", "make", "admin"), []);
  assert.deepEqual(log(), ["usermod --append --groups docker admin"]);
  assert.deepEqual(run("host/docker-user", "look", "admin"), ["admin may not use Docker"]);
  writeFileSync(file("member"), "docker");
  for (const verb of ["make", "look"])
    for (const user of ["admin", "root", ""]) assert.deepEqual(run("host/docker-user", verb, user), []);
  assert.deepEqual(log(), []);
});

test("the lease directory's mount is looked at, and its units, and nothing is changed", () => {
  const look = (): string[] =>
    run("storage/mount-lease", "lease.mount", "/rancher_lease", "server:/x/lease", "nfs4", "look");
  const units = { "ha-rancher-nfs-identity.service": {}, "lease.mount": {} };
  fake("findmnt", "echo server:/x/lease nfs4");
  systemd(units);
  assert.deepEqual(look(), []);
  fake("findmnt", "echo server:/x/lease nfs");
  assert.deepEqual(look(), ["server:/x/lease is not mounted at /rancher_lease as nfs4"]);
  fake("findmnt", "exit 1");
  systemd({ ...units, "lease.mount": { active: "inactive", start: "disabled" } });
  assert.deepEqual(look(), [
    "server:/x/lease is not mounted at /rancher_lease as nfs4",
    "lease.mount does not run",
    "lease.mount does not start at boot",
  ]);
  const log = spawnSync("cat", [file("log")], { encoding: "utf8" })
    .stdout.split("\n")
    .filter(Boolean);
  assert.ok(
    log.every((line) => line.startsWith("show ")),
    log.join("\n"),
  );
});

test("a machine that serves the shared directory is looked at: its programs and folders, and what it exports", () => {
  const look = (what: string): string[] =>
    run("storage/serve", file("shared"), "x", what).filter((line) => !/ \/etc\//.test(line));
  for (const name of ["data", "lease"]) mkdirSync(file(`shared/${name}`), { recursive: true });
  fake("exportfs", `echo '${file("shared")}  192.168.56.11(rw,sync)'`);
  systemd({ "nfs-server.service": {} });
  assert.deepEqual(look("look"), []);
  assert.deepEqual(look("look-served"), []);
  fake("exportfs", "echo /srv/another  192.168.56.11");
  systemd({ "nfs-server.service": { active: "inactive" } });
  assert.deepEqual(look("look-served"), [
    "nfs-server.service does not run",
    `${file("shared")} is not exported`,
  ]);
  rmSync(file("shared/lease"), { recursive: true });
  assert.deepEqual(look("look"), [`the folder ${file("shared/lease")} is gone`]);
});
