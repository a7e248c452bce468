import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { LabDescription } from "../../lab/description";
import { pseudoPath, renderExport } from "../../providers/nfs/ganesha-conf";
import { haRancher, healthy, inLab, labNamespace, onNode, running, stack, tryOnNode } from "../lab/command";
import { set } from "../lab/stack-file";
import { step } from "../lab/steps";
import { withStack } from "../lab/with-stack";
import { get, put } from "./values";

/*
 * The shared storage on real machines: an export that was tampered with, two nodes of one host name, an NFS server
 * that is there, a machine that serves, and NFS version 3. Each test goes on from where the one before it stopped.
 */

const names = ["rancher-1", "rancher-2"];
const addresses = ["192.168.56.11", "192.168.56.12"];

let lab: LabDescription;

async function up(): Promise<void> {
  const { code, stderr } = await haRancher("up");
  assert.equal(code, 0, stderr);
}

withStack({ down: ["--lab"] });

after(async () => {
  assert.ok(!(await inLab("ip", "netns", "list")).stdout.includes(`${labNamespace} `));
});

step(
  "an export that was tampered with is drift, and the next up mends it; others are left alone",
  async () => {
    await up();
    const found = await inLab("sh", "-c", 'cat "$HA_RANCHER_LAB"');
    lab = JSON.parse(found.stdout) as LabDescription;
    const file = join(lab.nfs.exportsDirectory, `ha-rancher-${stack}.conf`);
    const other = join(lab.nfs.exportsDirectory, "other.conf");
    const before = readFileSync(file, "utf8");
    const directory = join(lab.nfs.dataDirectory, "other");
    mkdirSync(directory, { recursive: true });
    writeFileSync(other, renderExport({ name: "other", directory, clients: ["192.168.56.99"] }, 4711));
    const othersBefore = readFileSync(other, "utf8");

    writeFileSync(file, before.replace(`, ${addresses[1]};`, ", 192.168.56.66;"));
    assert.notEqual(readFileSync(file, "utf8"), before);
    assert.notEqual((await inLab("pulumi", "refresh", "--yes", "--expect-no-changes")).code, 0);
    await up();
    assert.equal(readFileSync(file, "utf8"), before);
    assert.equal(readFileSync(other, "utf8"), othersBefore);
  },
);

step("an empty mount point takes no writes", async () => {
  const active = running(await healthy(120));
  const standby = names.find((name) => !active.includes(name)) ?? "";
  assert.notEqual((await tryOnNode(standby, "touch /rancher_data/stray")).code, 0);
});

step("two nodes of one host name still exclude each other", async () => {
  await Promise.all(
    names.map((name) => onNode(name, "systemctl stop ha-rancher-agent ha-rancher-lease rancher_lease.mount")),
  );
  for (const name of names)
    await onNode(
      name,
      "hostname clone; systemctl restart ha-rancher-nfs-identity; systemctl start rancher_lease.mount ha-rancher-agent",
    );
  const [active, ...others] = running(await healthy(120));
  assert.ok(active);
  assert.deepEqual(others, []);
  const standby = names.find((name) => name !== active) ?? "";
  // For longer than a lease: a server that takes them for one drops the first one's lock at the second one's coming.
  for (let i = 0; i < 20; i++) {
    const { code } = await tryOnNode(standby, "flock -n /rancher_lease/lease true");
    assert.equal(code, 1, `${standby} got the lock that ${active} holds`);
    await sleep(1000);
  }
  assert.deepEqual(running(await healthy(120)), [active]);
  await put("cloned", "1");
});

step("an NFS server that is there: another's directory is refused, a free one is used", async () => {
  assert.equal((await haRancher("down")).code, 0);
  const directory = join(lab.nfs.dataDirectory, "server");
  mkdirSync(join(directory, "data"), { recursive: true });
  writeFileSync(join(directory, "data", ".ha-rancher-sentinel"), "another one's\n");
  // The lab has stopped with its last stack, and reads this when it starts again.
  const file = join(lab.nfs.exportsDirectory, "server.conf");
  writeFileSync(file, renderExport({ name: "server", directory, clients: addresses }, 4712));
  writeFileSync(lab.nfs.exportsIndex, `${readFileSync(lab.nfs.exportsIndex, "utf8")}%include "${file}"\n`);
  set({ storage: "server", nfsAddress: lab.nfs.address, sharedDirectory: pseudoPath("server") });
  const refused = await haRancher("up");
  assert.notEqual(refused.code, 0);
  assert.match(`${refused.stdout}${refused.stderr}`, /belongs to something else/);
  rmSync(join(directory, "data", ".ha-rancher-sentinel"));
  await up();
  await put("server", "kept");
  assert.match(await onNode("rancher-1", "findmnt -n /rancher_lease"), /\/server\/lease .*vers=4\.2/);
  assert.equal((await haRancher("down")).code, 0);
  // Nothing of the user's was removed.
  assert.match(readFileSync(join(directory, "data", ".ha-rancher-sentinel"), "utf8"), /^shared data of /);
  assert.ok(readFileSync(file, "utf8"));
});

step("a machine that serves, with version 3 and its weaker rule", async () => {
  set({ storage: "machine", nfsAddress: "192.168.56.5", sharedDirectory: undefined, nfsVersion: "3" });
  const refused = await haRancher("up");
  assert.notEqual(refused.code, 0);
  assert.match(refused.stdout, /\[mandatory\] +no-nfs-3/);
  // There it is a remark.
  set({ environment: "blog" });
  await up();
  assert.match(await onNode("rancher-1", "findmnt -n /rancher_lease"), /192\.168\.56\.5:.*vers=3.*nolock/);
  const [active] = running(await healthy(120));
  await put("v3", "kept");
  const { code } = await haRancher("switchover");
  assert.equal(code, 0);
  const [next, ...others] = running(await healthy(120));
  assert.notEqual(next, active);
  assert.deepEqual(others, []);
  assert.match(await get("v3"), /kept/);
  const second = await inLab("pulumi", "preview", "--expect-no-changes");
  assert.equal(second.code, 0, second.stdout);
});

step("the same machine with version 4.2: nodes mount it anew, and the data is still there", async () => {
  set({ nfsVersion: undefined, environment: undefined });
  await up();
  assert.match(await onNode("rancher-1", "findmnt -n /rancher_lease"), /nfs4.*vers=4\.2/);
  assert.equal(running(await healthy(120)).length, 1);
  assert.match(await get("v3"), /kept/);
});
