import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { onPath } from "../../local/toolchain/path";
import { type HostInputs, type HostOutputs, host } from "../../providers/host/host-provider";
import { hostMistakes, type Inspection, parseInspection } from "../../providers/host/inspection";
import { closeAll } from "../../providers/remote/ssh";
import { newKeyPair } from "../../providers/vagrant/keys";
import { TestHost } from "./host-support";

let folder: string;
let target: TestHost;

before(() => {
  folder = mkdtempSync(join(tmpdir(), "ha-rancher-host-"));
});
after(() => rmSync(folder, { recursive: true, force: true }));

beforeEach(async () => {
  target = await new TestHost().start();
});
afterEach(async () => {
  closeAll();
  await target.stop();
  rmSync(directory(), { recursive: true, force: true });
});

const directory = (): string => join(folder, "hosts", "test", "one");

function inputs(changes: Partial<HostInputs> = {}): HostInputs {
  const { endpoint } = target.server;
  return {
    name: "one",
    // An address that this machine has.
    address: "127.0.0.1",
    vips: ["192.0.2.10"],
    host: endpoint.host,
    port: endpoint.port,
    user: endpoint.user,
    privateKey: endpoint.privateKey,
    directory: directory(),
    owner: "ha-rancher/test/one",
    ...changes,
  };
}

const created = async (changes: Partial<HostInputs> = {}): Promise<HostOutputs> =>
  (await host.create(inputs(changes))).outs as HostOutputs;

test("a fit host is taken: its key pinned, its interface found, its user let in to Docker", async () => {
  const outs = await created();
  assert.equal(outs.ssh.hostKey, target.server.endpoint.hostKey);
  assert.equal(outs.interface, "lo");
  assert.equal(target.owner, "ha-rancher/test/one");
  assert.deepEqual(target.takeLog(), ["groupadd --system docker", "usermod --append --groups docker admin"]);
  const { host: name, port, hostKey } = outs.ssh;
  assert.equal(readFileSync(outs.ssh.knownHostsFile, "utf8"), `[${name}]:${port} ${hostKey}\n`);
  assert.equal(readFileSync(outs.ssh.keyFile, "utf8"), target.server.endpoint.privateKey);
  assert.equal(statSync(outs.ssh.keyFile).mode & 0o777, 0o600);
  assert.ok(
    Object.values(outs).every((value) => value !== undefined),
    "nothing undefined for Pulumi",
  );
});

test("a key in a file is used from there, and not copied", async () => {
  const outs = await created({ keyFile: "/somewhere/id_ed25519" });
  assert.equal(outs.ssh.keyFile, "/somewhere/id_ed25519");
  assert.equal(existsSync(join(directory(), "id")), false);
});

test("given back, it is as it was before", async () => {
  const outs = await created();
  target.takeLog();
  await host.delete("id", outs);
  assert.equal(target.owner, "");
  // Docker's own group stays for as long as there is a Docker.
  const group = onPath("docker") ? [] : ["groupdel docker"];
  assert.deepEqual(target.takeLog(), ["gpasswd --delete admin docker", ...group]);
  assert.equal(existsSync(directory()), false);
  await host.delete("id", outs);
  assert.deepEqual(target.takeLog(), [], "a second time there is nothing to do");
});

test("a user who was taken out of Docker's group is drift, and in it again after the next update", async () => {
  const outs = await created();
  rmSync(target.server.path("member"));
  const { inputs: found, props } = await host.read("id", outs);
  assert.match((found as HostInputs).user, /^admin, who may not use Docker$/);
  assert.equal((await host.diff("id", props as HostOutputs, inputs())).changes, true);
  target.takeLog();
  const { outs: mended } = await host.update("id", props as HostOutputs, inputs());
  assert.deepEqual(target.takeLog(), ["usermod --append --groups docker admin"]);
  assert.deepEqual((await host.read("id", mended as HostOutputs)).props, mended);
});

test("what was there before stays: the group, and the user's membership", async () => {
  target.addGroup("docker");
  target.program("id", "echo people docker");
  const outs = await created();
  await host.delete("id", outs);
  assert.deepEqual(target.takeLog(), []);
});

test("the same node again is no change; a refresh finds nothing", async () => {
  const outs = await created();
  assert.deepEqual(await created(), outs);
  assert.equal((await host.diff("id", outs, inputs())).changes, false);
  const { id, props } = await host.read("id", outs);
  assert.equal(id, "id");
  assert.deepEqual(props, outs);
});

test("a host that was installed anew is gone", async () => {
  const outs = await created();
  rmSync(target.record);
  assert.equal((await host.read("id", outs)).id, "");
});

test("another stack's host is refused, with that stack's name", async () => {
  await created();
  await assert.rejects(
    host.create(inputs({ owner: "ha-rancher/other/two" })),
    /it is the node one of the stack `test` already/,
  );
  assert.equal(target.owner, "ha-rancher/test/one");
});

test("a host key that is not the pinned one is refused, also at a later look", async () => {
  const other = newKeyPair("other").publicKey.split(" ").slice(0, 2).join(" ");
  await assert.rejects(host.create(inputs({ hostKey: other })), /not the machine that was pinned/);
  assert.equal(target.owner, "");
  const outs = await created();
  const moved = { ...outs, ssh: { ...outs.ssh, hostKey: other } };
  await assert.rejects(host.update("id", moved, inputs({ vips: [] })), /not the machine that was pinned/);
});

test("all that is wrong with a host is told at once, and nothing was changed on it", async () => {
  target.program("sudo", "exit 1");
  target.program("systemctl", "exit 1");
  target.program("modprobe", "exit 1");
  target.program("date", "echo 1000000000.5");
  const error = await host.create(inputs({ address: "192.0.2.7", vips: ["127.0.0.1"] })).then(
    () => assert.fail("it was taken"),
    (reason: Error) => reason.message,
  );
  for (const part of [
    "`admin ALL=(ALL) NOPASSWD: ALL` into /etc/sudoers.d/admin",
    "must run systemd",
    "none of its interfaces has the node's `address` 192.0.2.7",
    "it has 127.0.0.1 itself",
    "s off this machine's",
  ])
    assert.ok(error.includes(part), `${part} is missing in:\n${error}`);
  assert.match(error, /nothing was changed on it/);
  assert.equal(target.owner, "");
  assert.deepEqual(target.takeLog(), []);
});

test("nobody answers: said with the way out", async () => {
  const { port } = target.server.endpoint;
  await target.server.pause();
  await assert.rejects(host.create(inputs({ port })), /cannot be reached over SSH[\s\S]*is sshd running/);
});

test("another host for the same node is refused before anything happens", async () => {
  const { failures } = await host.check(inputs(), inputs({ host: "192.0.2.99" }));
  assert.match(
    failures?.[0]?.reason ?? "",
    /cannot become 192\.0\.2\.99: give the new host a `name` of its own/,
  );
  assert.deepEqual((await host.check({}, inputs())).failures, []);
});

const fit: Inspection = {
  time: 1000.5,
  sudo: "yes",
  init: "systemd",
  system: "Debian GNU/Linux 12 (bookworm)",
  architecture: "aarch64",
  installers: ["apt-get"],
  missing: [],
  engines: [],
  python: "3.11",
  nfs: true,
  memory: 3900,
  addresses: [{ interface: "eth0", address: "10.0.0.11/24" }],
  docker: true,
  keepalived: null,
  owner: null,
};
const expected = { user: "admin", address: "10.0.0.11", vips: ["10.0.0.10"], owner: "p/s/n", memory: 3584 };
const clock = { earliest: 1000, latest: 1001 };
const judged = (changes: Partial<Inspection> = {}): string[] =>
  hostMistakes(parseInspection(JSON.stringify({ ...fit, ...changes })), expected, clock);
const withVip = [...fit.addresses, { interface: "eth1", address: "10.0.0.10/32" }];

test("hosts that will not do, one reason each", () => {
  assert.deepEqual(judged(), []);
  const cases: [string[], RegExp][] = [
    [judged({ sudo: "missing" }), /it has no sudo/],
    [judged({ sudo: "refused" }), /NOPASSWD/],
    [judged({ init: "runit" }), /first process is runit/],
    [judged({ architecture: "riscv64" }), /it is riscv64/],
    [judged({ nfs: false }), /no NFS/],
    [judged({ installers: [], missing: ["docker", "curl"] }), /it lacks docker, curl, and has neither/],
    [judged({ installers: ["dnf"], missing: ["docker"] }), /install Docker first/],
    [judged({ python: "3.6" }), /python3 is 3\.6, and the agent needs 3\.9/],
    [judged({ python: null, installers: ["dnf"] }), /lacks \/usr\/bin\/python3/],
    [judged({ memory: 1024 }), /has 1024 MiB of memory, and the service needs 3584 \(`memoryFloor`\)/],
    [judged({ time: 1100 }), /99 s off/],
    [judged({ time: 900 }), /100 s off/],
    [judged({ keepalived: "foreign" }), /not this project's/],
    [judged({ missing: ["ip"] }), /iproute2/],
    [judged({ addresses: withVip }), /10\.0\.0\.10 itself/],
    [judged({ owner: "p/other/n" }), /stack `other` already/],
  ];
  for (const [mistakes, reason] of cases) {
    assert.equal(mistakes.length, 1, `${reason}: ${mistakes.join("\n")}`);
    assert.match(mistakes[0] ?? "", reason);
  }
  assert.deepEqual(judged({ installers: ["dnf"], missing: ["docker"], engines: ["moby-engine"] }), []);
  for (const python of ["3.9", "3.13", null]) assert.deepEqual(judged({ python }), []);
  assert.deepEqual(judged({ keepalived: "ours", owner: "p/s/n", addresses: withVip }), []);
});

test("root needs no sudo", () => {
  const found = { ...fit, sudo: "missing" } as const;
  assert.deepEqual(hostMistakes(found, { ...expected, user: "root" }, clock), []);
});

test("a login that prints something before is told as what it is", () => {
  assert.throws(() => parseInspection("Welcome!\n"), /printed at each login/);
});

test("a host on which no container is to run needs neither Docker nor NFS, and its user is let in to nothing", async () => {
  const outs = await created({ service: false });
  assert.deepEqual(target.takeLog(), []);
  assert.equal(outs.service, false);
  const found = parseInspection(
    JSON.stringify({
      ...{ time: 0, sudo: "yes", init: "systemd", system: "Rocky Linux 9", architecture: "x86_64" },
      ...{
        installers: ["dnf"],
        missing: ["docker", "mount.nfs4", "curl"],
        engines: [],
        python: "3.9",
        memory: 512,
      },
      ...{ nfs: false, addresses: [{ interface: "eth0", address: "10.0.0.1/24" }], docker: false },
      ...{ keepalived: null, owner: null },
    }),
  );
  const expected = { user: "root", address: "10.0.0.1", vips: [], owner: "a/b/c" };
  const clock = { earliest: 0, latest: 0 };
  assert.deepEqual(hostMistakes(found, { ...expected, service: false }, clock), []);
  assert.equal(hostMistakes(found, expected, clock).length, 2);
});
