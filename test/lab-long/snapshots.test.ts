import assert from "node:assert/strict";
import { snapshotsIn } from "../../cli/actions/snapshots";
import { shellQuote } from "../../domain/shell-quote";
import { data, haRancher, healthy, inLab, onNode, running, status, tryOnNode } from "../lab/command";
import { set } from "../lab/stack-file";
import { step } from "../lab/steps";
import { withStack } from "../lab/with-stack";
import { get, put } from "./values";

/*
 * A file system of its own, snapshots, rollback and a full image, with the kernel's NFS server on a machine of the stack.
 * Each test goes on from where the one before it stopped.
 */

const names = ["rancher-1", "rancher-2"];
/** Seconds. */
const healthyWithin = 180;

async function up(): Promise<void> {
  const { code, stderr } = await haRancher("up");
  assert.equal(code, 0, stderr);
}

/** A command of root's on the machine that serves, which is no node. */
async function onStorage(command: string): Promise<string> {
  const folder = `dirname "$(find ${shellQuote(data)} -path '*storage*' -name Vagrantfile | head -n 1)"`;
  const there = shellQuote(`sudo sh -c ${shellQuote(command)}`);
  const { code, stdout, stderr } = await inLab("sh", "-c", `cd "$(${folder})" && vagrant ssh -- ${there}`);
  assert.equal(code, 0, `${command} on the storage machine: ${stdout}${stderr}`);
  return stdout;
}

async function serving(): Promise<string> {
  const [active = "", ...others] = running(await healthy(healthyWithin));
  assert.deepEqual(others, []);
  return active;
}

const snapshotsNow = async () => snapshotsIn((await haRancher("snapshots", "--json")).stdout, "it");

withStack();

step("the machine serves a file system of its own, which no program of it is run from", async () => {
  set({ storage: "machine", nfsAddress: "192.168.56.5", sharedSize: 3 });
  await up();
  const mount = await onStorage("findmnt -no FSTYPE,OPTIONS /srv/ha-rancher");
  assert.match(mount, /^xfs /);
  for (const option of ["nosuid", "nodev", "noexec"]) assert.ok(mount.includes(option), mount);
  const second = await inLab("pulumi", "preview", "--expect-no-changes");
  assert.equal(second.code, 0, second.stdout);
});

step("a node with root gets no further than the stack's own data", async () => {
  const active = await serving();
  await onNode(
    active,
    "cp /bin/sh /rancher_data/shell && chmod 4755 /rancher_data/shell && ln -s /etc/shadow /rancher_data/shadow && mknod /rancher_data/disk b 254 0",
  );
  assert.match(await onStorage("/srv/ha-rancher/data/shell -c true; echo code $?"), /code 126/);
  assert.match(await onStorage("dd if=/srv/ha-rancher/data/disk count=1 2>&1; echo code $?"), /code 1/);
  // What is above the export is the server's pseudo root: it has no names but those of exports, and takes no writes.
  const above =
    "mkdir -p /tmp/above && mount -t nfs4 192.168.56.5:/ /tmp/above && cat /tmp/above/etc/shadow; touch /tmp/above/x; umount /tmp/above";
  const { stdout, stderr } = await tryOnNode(active, above);
  assert.doesNotMatch(stdout, /root:/);
  assert.match(stderr, /No such file|Permission denied|Read-only/);
  // Inode 128 is the root of every XFS: a forged handle of it leads to the image's own, which holds two folders.
  assert.deepEqual((await onStorage("ls -A /srv/ha-rancher")).trim().split("\n").sort(), ["data", "lease"]);
  await onNode(active, "rm /rancher_data/shell /rancher_data/shadow /rancher_data/disk");
});

step("a snapshot of 1 GB takes less than a second, and the service goes on", async () => {
  const active = await serving();
  await put("snapshot", "early");
  await onNode(active, "dd if=/dev/urandom of=/rancher_data/k3s/server/db/large bs=1M count=1000 conv=fsync");
  const before = (await status()).nodes.find(({ name }) => name === active)?.status?.lease?.epoch;
  const took = await onNode(
    active,
    "begun=$(date +%s%N); /usr/local/lib/ha-rancher/current/host/agent snapshot >&2; echo $(($(date +%s%N) - begun))",
  );
  assert.ok(Number(took) < 1e9, `it took ${Number(took) / 1e9} s`);
  assert.equal((await status()).nodes.find(({ name }) => name === active)?.status?.lease?.epoch, before);
  await put("snapshot", "late");
});

step("a rollback with a client that writes: one stop, one start, and what was there is kept", async () => {
  const found = (await snapshotsNow()).filter(({ name }) => name.startsWith("at-"));
  const last = found.at(-1)?.name ?? "";
  let writes = true;
  const client = (async () => {
    for (let i = 0; writes; i++) await put(`client-${i}`, "x").catch(() => undefined);
  })();
  const { code, stdout, stderr } = await haRancher("rollback", "--yes", last);
  writes = false;
  await client;
  assert.equal(code, 0, `${stdout}${stderr}`);
  assert.match(await get("snapshot"), /early/);
  const kept = (await snapshotsNow()).find(({ name }) => name.startsWith("replaced-"));
  assert.ok(kept);
  assert.equal((await haRancher("rollback", "--yes", kept.name)).code, 0);
  assert.match(await get("snapshot"), /late/);
});

step("a full image is told, the service stops in order, and goes on when it has grown", async () => {
  const active = await serving();
  const boots = await Promise.all(names.map((name) => onNode(name, "cat /proc/sys/kernel/random/boot_id")));
  await onNode(
    active,
    "free=$(df --output=avail -B1M /rancher_data | tail -n 1); dd if=/dev/zero of=/rancher_data/fill bs=1M count=$((free - 200)) || true",
  );
  await onNode(active, "sleep 10");
  assert.match(await onNode(active, "journalctl -u ha-rancher-agent -n 200 | cat"), /getting full/);
  await tryOnNode(active, "dd if=/dev/zero of=/rancher_data/more bs=1M || true; sleep 20");
  const log = await onNode(active, "journalctl -u ha-rancher-agent -n 200 | cat");
  assert.match(log, /is full, and the service stops/);
  assert.match(log, /released/);
  assert.deepEqual(
    await Promise.all(names.map((name) => onNode(name, "cat /proc/sys/kernel/random/boot_id"))),
    boots,
    "no node was reset",
  );
  set({ sharedSize: 4 });
  await haRancher("up");
  assert.match(await get("snapshot"), /late/);
  await onNode(await serving(), "rm /rancher_data/fill /rancher_data/more");
});

step("a data directory from before stays as it is, and moves when it is told", async () => {
  assert.equal((await haRancher("stop", "the data moves")).code, 0);
  const helper = "/usr/local/lib/ha-rancher/current/export/helper";
  await onStorage(
    `set -e; cp -a /srv/ha-rancher /srv/former; ${helper} remove ha-rancher-shared --at /srv/ha-rancher; cp -a /srv/former /srv/ha-rancher; exportfs -ra; systemctl restart nfs-server`,
  );
  await haRancher("up");
  assert.doesNotMatch(await onStorage("findmnt -no FSTYPE --target /srv/ha-rancher"), /xfs/);
  await onStorage(`${helper} move ha-rancher-shared 4 /srv/ha-rancher --at /srv/ha-rancher`);
  assert.match(await onStorage("findmnt -no FSTYPE /srv/ha-rancher"), /xfs/);
  assert.equal((await haRancher("start")).code, 0);
  assert.match(await get("snapshot"), /late/);
});
