import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LabDescription } from "../../lab/description";
import { haRancher, healthy, inLab, onNode, running, type Status, stack, status } from "../lab/command";
import { step } from "../lab/steps";
import { withStack } from "../lab/with-stack";
import { patient } from "./patient";
import { get, put } from "./values";

/*
 * Rancher's data on real machines: backup, loss, restore, refused archives, the timer, and what `down` leaves. Each test
 * goes on from where the one before it stopped.
 */

const names = ["rancher-1", "rancher-2"];
const folder = mkdtempSync(join(tmpdir(), "ha-rancher-backups-"));

/** The shared data, on the machine that serves it. */
let data: string;
let archive: string;

const epochOf = ({ nodes }: Status): number | undefined =>
  nodes.find((node) => node.status?.lease?.heldHere)?.status?.lease?.epoch;

const archives = (): string[] => readdirSync(folder).filter((name) => /^rancher-.*Z\.tar$/.test(name));
const keys = Array.from({ length: 20 }, (_, i) => `before-${i}`);

withStack({
  settings: { keepData: true, backup: { schedule: "daily", keep: 2 }, ...patient },
  down: ["--purge-data", "--lab"],
  clearUp: () => rmSync(folder, { recursive: true, force: true }),
});

step("writes, and a backup of them while the stack runs: the lease stays where it is", async () => {
  const { code, stderr } = await haRancher("up");
  assert.equal(code, 0, stderr);
  const lab = JSON.parse((await inLab("sh", "-c", 'cat "$HA_RANCHER_LAB"')).stdout) as LabDescription;
  data = join(lab.nfs.dataDirectory, stack, "data");
  assert.ok(existsSync(join(data, ".ha-rancher-sentinel")), data);
  const first = await healthy(120);
  for (const key of keys) await put(key, `value-of-${key}`);
  const made = await haRancher("backup", "--to", folder);
  assert.equal(made.code, 0, made.stderr);
  assert.match(made.stdout, /the service was away for \d+ s/);
  const [name = ""] = archives();
  archive = join(folder, name);
  assert.ok(made.stdout.includes(archive), made.stdout);
  const now = await healthy(120);
  assert.deepEqual([running(now), epochOf(now)], [running(first), epochOf(first)]);
  for (const node of names)
    assert.equal((await onNode(node, "ls -A /var/lib/ha-rancher")).includes("backup"), false);
});

step("an archive that is broken, cut off, or of another version is refused, and nothing stops", async () => {
  await put("later", "kept");
  const bytes = readFileSync(archive);
  const broken = join(folder, "broken");
  const middle = Math.floor(bytes.length / 2);
  const flipped = Buffer.from(bytes);
  flipped[middle] = (flipped[middle] ?? 0) ^ 1;
  const renamed = Buffer.from(bytes.toString("latin1").replace(/^image=(.)/m, "image=x"), "latin1");
  const before = epochOf(await healthy(60));
  for (const content of [flipped, bytes.subarray(0, middle), Buffer.from("nothing"), renamed]) {
    writeFileSync(broken, content);
    const { code, stderr } = await haRancher("restore", broken);
    assert.equal(code, 1);
    assert.match(stderr, /the archive is refused, and nothing was touched/);
  }
  const now = await status();
  assert.ok(now.healthy, JSON.stringify(now));
  assert.equal(epochOf(now), before);
  assert.match(await get("later"), /kept/);
});

step("the data is wiped under the running service: a restore brings every write back", async () => {
  for (const name of readdirSync(data))
    if (name !== ".ha-rancher-sentinel") rmSync(join(data, name), { recursive: true, force: true });
  const { code, stderr } = await haRancher("restore", archive);
  assert.equal(code, 0, stderr);
  const now = await healthy(240);
  assert.equal(running(now).length, 1);
  for (const key of keys) assert.match(await get(key), new RegExp(`value-of-${key}`));
  assert.doesNotMatch(await get("later"), /kept/, "it came after the backup");
  assert.ok(!existsSync(join(data, ".restore")), "what was replaced is gone once the service is well");
  await put("after", "kept");
});

step("what was restored moves to the other node like any data", async () => {
  const [active] = running(await healthy(120));
  assert.equal((await haRancher("switchover")).code, 0);
  assert.notDeepEqual(running(await healthy(240)), [active]);
  for (const key of [...keys, "after"]) assert.match(await get(key), /value-of-|kept/);
});

step("the nodes' timer: only the active node makes a backup, and only so many stay", async () => {
  const [active = ""] = running(await healthy(120));
  const list = async (name: string): Promise<string[]> =>
    (await onNode(name, "ls -A /var/backups/ha-rancher 2>/dev/null || true")).split("\n").filter(Boolean);
  for (const name of names)
    assert.match(await onNode(name, "systemctl is-active ha-rancher-backup.timer"), /^active/);
  for (let i = 0; i < 3; i++)
    for (const name of names) {
      await onNode(name, "systemctl start ha-rancher-backup.service");
      await healthy(120);
    }
  for (const name of names) assert.equal((await list(name)).length, name === active ? 2 : 0, name);
  assert.deepEqual(running(await healthy(120)), [active]);
});

step("down leaves the data, and the next up serves it", async () => {
  assert.equal((await haRancher("down")).code, 0);
  assert.ok(existsSync(join(data, "k3s")));
  assert.equal((await haRancher("up")).code, 0);
  await healthy(120);
  for (const key of [...keys, "after"]) assert.match(await get(key), /value-of-|kept/);
});

step("down --purge-data leaves nothing of it, whatever keepData says", async () => {
  const { code, stdout } = await haRancher("down", "--purge-data");
  assert.equal(code, 0);
  assert.match(stdout, /is removed, with its data/);
  assert.ok(!existsSync(join(data, "..")), data);
});
