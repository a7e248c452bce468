import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { cloudBoxName, defaultCloudImage, isCloudBox, isCloudImage } from "../../domain/cloud-image";
import { fatCapacity, fatDisk } from "../../providers/vagrant/cloud-box/fat";
import { makeBox, withFixedNumber } from "../../providers/vagrant/cloud-box/make";
import { seedFiles } from "../../providers/vagrant/cloud-box/seed";
import { cloudBox, debianBox } from "../../providers/vagrant/debian-box";
import { putScript, temporaryFolder, withEnvironment } from "./cli-support";

test("each architecture has its image, with a checksum of its own; others have none", () => {
  const amd64 = defaultCloudImage("x64");
  const arm64 = defaultCloudImage("arm64");
  assert.match(
    amd64?.url ?? "",
    /^https:\/\/cloud\.debian\.org\/.*\/debian-12-generic-amd64-\d+-\d+\.qcow2$/,
  );
  assert.match(arm64?.url ?? "", /-arm64-/);
  for (const image of [amd64, arm64]) assert.match(image?.checksum ?? "", /^sha512:[0-9a-f]{128}$/);
  assert.notEqual(amd64?.checksum, arm64?.checksum);
  for (const other of ["riscv64", "constructor", "__proto__"]) {
    assert.equal(defaultCloudImage(other), undefined);
    assert.throws(() => debianBox(other), /no cloud image of Debian for .*`box`/);
  }
});

test("a disk is told from a box and from a catalog by the end of its name", () => {
  for (const url of ["https://x/a.qcow2", "/srv/a.IMG", "file:///a.raw", "https://x/a.qcow2?token=1#x"])
    assert.ok(isCloudImage(url), url);
  for (const url of [
    "https://x/a.box",
    "https://x/qcow2",
    "https://x/a.json",
    "https://x/?f=a.qcow2x",
    undefined,
  ])
    assert.ok(!isCloudImage(url), url);
});

test("a box is named after its image's checksum", () => {
  const checksum = `sha512:${"ab".repeat(64)}`;
  assert.equal(cloudBoxName(checksum), "ha-rancher-cloud-abababababab");
  assert.equal(cloudBox({ url: "x", checksum }).box, cloudBoxName(checksum));
  assert.ok(isCloudBox(cloudBoxName(checksum)));
  assert.ok(!isCloudBox("debian/bookworm64") && !isCloudBox(undefined));
});

/** Reads a FAT12 disk as the format's description says, and not as it was written. */
function readFat(disk: Buffer): { label: string; files: Record<string, string> } {
  const sector = disk.readUInt16LE(11);
  const reserved = disk.readUInt16LE(14);
  const fats = disk[16] ?? 0;
  const roots = disk.readUInt16LE(17);
  const ofFat = disk.readUInt16LE(22);
  const cluster = sector * (disk[13] ?? 0);
  const root = (reserved + fats * ofFat) * sector;
  const data = root + roots * 32;
  const fat = disk.subarray(reserved * sector, (reserved + ofFat) * sector);
  assert.deepEqual(fat, disk.subarray((reserved + ofFat) * sector, (reserved + 2 * ofFat) * sector));
  const next = (n: number): number => {
    const pair = fat.readUInt16LE(n + (n >> 1));
    return n % 2 ? pair >> 4 : pair & 0xfff;
  };
  const files: Record<string, string> = {};
  let label = "";
  let name = "";
  for (let at = root; disk[at]; at += 32) {
    const entry = disk.subarray(at, at + 32);
    if (entry[11] === 0x0f) {
      const part = Buffer.concat([entry.subarray(1, 11), entry.subarray(14, 26), entry.subarray(28, 32)]);
      name = part.toString("utf16le").replace(/\0.*/s, "") + name;
    } else if (entry[11] === 0x08) label = entry.toString("latin1", 0, 11).trim();
    else {
      const content: Buffer[] = [];
      for (let n = entry.readUInt16LE(26); n >= 2 && n < 0xff8; n = next(n))
        content.push(disk.subarray(data + (n - 2) * cluster, data + (n - 1) * cluster));
      files[name] = Buffer.concat(content).toString("utf8", 0, entry.readUInt32LE(28));
      name = "";
    }
  }
  return { label, files };
}

test("a FAT disk gives back the files that it was made of, and is the same each time", () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,40}$/);
  const content = fc.string({ unit: "grapheme", maxLength: 3000 });
  fc.assert(
    fc.property(fc.dictionary(name, content, { maxKeys: 8, noNullPrototype: true }), (files) => {
      const disk = fatDisk("CIDATA", files);
      assert.equal(disk.length, 1 << 20);
      assert.deepEqual(readFat(disk), { label: "CIDATA", files });
      assert.ok(disk.equals(fatDisk("CIDATA", files)));
    }),
    { numRuns: 50 },
  );
  assert.deepEqual(readFat(fatDisk("X", { full: "a".repeat(fatCapacity) })).files.full?.length, fatCapacity);
  assert.throws(() => fatDisk("X", { full: "a".repeat(fatCapacity + 1) }), /do not fit/);
});

test("the seed makes one user, who gets in with Vagrant's key alone", () => {
  const { "user-data": text = "", "meta-data": meta = "" } = seedFiles();
  assert.match(text, /^#cloud-config\n/);
  const data = JSON.parse(text.replace(/^#.*\n/, ""));
  assert.equal(data.users.length, 1);
  const [user] = data.users;
  assert.deepEqual([user.name, user.lock_passwd, data.ssh_pwauth], ["vagrant", true, false]);
  assert.match(user.ssh_authorized_keys[0], / vagrant insecure public key$/);
  // Else the name that the machine gets is taken away at its next boot.
  assert.deepEqual([data.preserve_hostname, data.manage_etc_hosts], [true, false]);
  assert.ok(JSON.parse(meta)["instance-id"]);
});

const list = (box: string): string[] => {
  const archive = readFileSync(box);
  const names: string[] = [];
  for (let at = 0; archive[at]; ) {
    names.push(archive.toString("latin1", at, at + 100).replace(/\0.*/s, ""));
    at += 512 * (1 + Math.ceil(Number.parseInt(archive.toString("latin1", at + 124, at + 135), 8) / 512));
  }
  return names;
};

test("VirtualBox: without qemu-img its own program writes the disks, of a raw image", async (t) => {
  const folder = temporaryFolder(t);
  const bin = join(folder, "bin");
  const log = join(folder, "log");
  putScript(join(bin, "VBoxManage"), [`echo "$*" >>${log}`, `stat -c %s "$2" >>${log}`, `echo disk >"$3"`]);
  for (const name of ["bash", "stat"]) putScript(join(bin, name), [`exec /usr/bin/${name} "$@"`]);
  withEnvironment(t, { PATH: bin });
  const image = join(folder, "image.raw");
  writeFileSync(image, "an image");
  const work = join(folder, "work");
  mkdirSync(work);
  const box = await makeBox(image, "virtualbox", work);
  assert.deepEqual(readFileSync(log, "utf8").trim().split("\n"), [
    `convertfromraw ${work}/source ${work}/disk.vmdk --format VMDK --variant Stream`,
    String(20 * 2 ** 30),
    `convertfromraw ${work}/seed.raw ${work}/seed.vmdk --format VMDK --variant Stream`,
    String(1 << 20),
  ]);
  assert.deepEqual(list(box), ["metadata.json", "Vagrantfile", "box.ovf", "disk.vmdk", "seed.vmdk"]);
  const description = readFileSync(join(work, "box.ovf"), "utf8");
  assert.match(description, /ovf:capacity="21474836480" ovf:diskId="vmdisk1" ovf:fileRef="file1"/);
  assert.match(description, /ovf:capacity="1048576" ovf:diskId="vmdisk2" ovf:fileRef="file2"/);
  for (const n of [1, 2])
    assert.match(description, new RegExp(`<rasd:HostResource>/disk/vmdisk${n}</rasd:HostResource>`));
  assert.ok(!existsSync(join(work, "source")), "20 GiB are not left");
});

test("VirtualBox: its refusal is told, and no box is left as if it were one", async (t) => {
  const folder = temporaryFolder(t);
  const bin = join(folder, "bin");
  putScript(join(bin, "VBoxManage"), ["echo 'VBoxManage: error: no space' >&2", "exit 1"]);
  putScript(join(bin, "bash"), ['exec /usr/bin/bash "$@"']);
  withEnvironment(t, { PATH: bin });
  writeFileSync(join(folder, "image.raw"), "an image");
  await assert.rejects(
    makeBox(join(folder, "image.raw"), "virtualbox", folder),
    /VBoxManage: error: no space/,
  );
  assert.ok(!existsSync(join(folder, "machine.box")));
});

test("a VMDK disk's text is the same whatever QEMU's number was, and whatever a longer text before it left", () => {
  const block = (text: string): Buffer => Buffer.concat([Buffer.from(text, "latin1")], 200);
  const text = (number: string): string =>
    `# Disk DescriptorFile\nversion=1\nCID=${number}\nparentCID=ffffffff\n`;
  const wanted = block(text("fffffffe"));
  for (const left of [text("0"), text("12345678"), `${text("12345")}\0f"\n`, `${text("fffffffe")}\0\0x`])
    assert.ok(withFixedNumber(block(left)).equals(wanted), JSON.stringify(left));
});
