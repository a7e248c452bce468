import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { mkdir, mkdtemp, open, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { artifactsHome } from "../../local/paths";
import { run, tryRun } from "../../local/run";
import { type CloudHypervisor, makeBox } from "../../providers/vagrant/cloud-box/make";
import { expandQcow2 } from "../../providers/vagrant/cloud-box/qcow2";
import { cloudBox } from "../../providers/vagrant/debian-box";
import { ensureBox } from "../../providers/vagrant/fetch-box";
import { ownHome, putScript, withEnvironment } from "../unit/cli-support";
import { machineInputs } from "../unit/vagrant-fixture";

/*
 * Boxes of a small cloud image, with the real qemu-img: it makes the image, and says afterwards whether what was made of it holds
 * the same.
 */

const mebi = 2 ** 20;
let folder: string;
let raw: string;
let image: string;

const qemuImg = async (...args: string[]) => (await run("qemu-img", args)).stdout;
const sumOf = async (file: string): Promise<string> =>
  createHash("sha256")
    .update(await readFile(file))
    .digest("hex");

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "ha-rancher-cloud-box-"));
  raw = join(folder, "disk.raw");
  const file = await open(raw, "w");
  await file.truncate(40 * mebi);
  // What cannot be compressed, what can, and holes between; not at a cluster's begin.
  await file.write(randomBytes(300_000), 0, 300_000, 3 * mebi + 5);
  await file.write(Buffer.alloc(2 * mebi, "text "), 0, 2 * mebi, 20 * mebi);
  await file.write(randomBytes(512), 0, 512, 40 * mebi - 512);
  await file.close();
  image = join(folder, "image.qcow2");
  await qemuImg("convert", "-c", "-f", "raw", "-O", "qcow2", raw, image);
});

after(() => rm(folder, { recursive: true, force: true }));

async function made(hypervisor: CloudHypervisor, name: string, from = image): Promise<string> {
  const work = join(folder, name);
  await mkdir(work);
  await makeBox(from, hypervisor, work);
  return work;
}

/** Fails unless two disks hold the same; what one has beyond the other's end must be empty. */
const compare = (format: string, one: string, other: string): Promise<string> =>
  qemuImg("compare", "-f", "raw", "-F", format, one, other);

for (const hypervisor of ["libvirt", "virtualbox"] as const)
  test(`${hypervisor}: the same image makes the same box, however often`, async () => {
    const sums = new Set<string>();
    for (let i = 0; i < 20; i++) {
      const work = await made(hypervisor, `${hypervisor}-again`);
      sums.add(await sumOf(join(work, "machine.box")));
      await rm(work, { recursive: true });
    }
    assert.equal(sums.size, 1);
  });

test("libvirt: the box has the image's disk, enlarged, and the seed's", async () => {
  const work = await made("libvirt", "libvirt");
  const unpacked = join(folder, "unpacked");
  await mkdir(unpacked);
  await run("tar", ["-xf", join(work, "machine.box"), "-C", unpacked]);
  const metadata = JSON.parse(await readFile(join(unpacked, "metadata.json"), "utf8"));
  assert.deepEqual(metadata, {
    provider: "libvirt",
    format: "qcow2",
    virtual_size: 20,
    disks: [{ path: "box.img" }, { path: "seed.img" }],
  });
  const info = JSON.parse(await qemuImg("info", "--output=json", join(unpacked, "box.img")));
  assert.deepEqual([info.format, info["virtual-size"]], ["qcow2", 20 * 2 ** 30]);
  await compare("qcow2", raw, join(unpacked, "box.img"));
  await compare("qcow2", join(work, "seed.raw"), join(unpacked, "seed.img"));
  const { stdout } = await run("blkid", ["-p", "-o", "export", join(work, "seed.raw")]);
  assert.match(stdout, /^LABEL=CIDATA$/m);
  assert.match(stdout, /^TYPE=vfat$/m);
});

test("libvirt: a raw image makes a box, too; its own file is not touched", async () => {
  const before = await sumOf(raw);
  const work = await made("libvirt", "raw", raw);
  await compare("qcow2", raw, join(work, "box.img"));
  assert.equal(await sumOf(raw), before);
});

test("virtualbox: its disks hold what the image and the seed hold", async () => {
  const work = await made("virtualbox", "virtualbox");
  await compare("vmdk", raw, join(work, "disk.vmdk"));
  await compare("vmdk", join(work, "seed.raw"), join(work, "seed.vmdk"));
  const info = JSON.parse(await qemuImg("info", "--output=json", join(work, "disk.vmdk")));
  assert.equal(info["virtual-size"], 20 * 2 ** 30);
  assert.equal(info["format-specific"].data["create-type"], "streamOptimized");
  assert.doesNotMatch(await readFile(join(work, "box.ovf"), "utf8"), /base_mac|MACAddress/);
});

test("a qcow2 disk is expanded here as qemu-img does it: compressed or not, old or new, of any cluster size", async () => {
  for (const [n, options] of [
    ["-c"],
    ["-o", "cluster_size=4k"],
    ["-c", "-o", "cluster_size=2M"],
    ["-o", "compat=0.10"],
    ["-c", "-o", "compat=0.10,cluster_size=512"],
  ].entries()) {
    const disk = join(folder, `disk-${n}.qcow2`);
    await qemuImg("convert", "-f", "raw", "-O", "qcow2", ...options, raw, disk);
    const expanded = join(folder, `expanded-${n}`);
    await expandQcow2(disk, expanded);
    assert.equal(await sumOf(expanded), await sumOf(raw), options.join(" "));
  }
});

test("what a published image does not have is refused: another file behind it, other compressions, no disk at all", async () => {
  const backed = join(folder, "backed.qcow2");
  await qemuImg("create", "-q", "-f", "qcow2", "-b", raw, "-F", "raw", backed);
  await assert.rejects(expandQcow2(backed, join(folder, "x1")), /backing file/);
  await assert.rejects(made("libvirt", "backed", backed), /refers to another file/);
  const zstd = join(folder, "zstd.qcow2");
  await qemuImg("convert", "-c", "-f", "raw", "-O", "qcow2", "-o", "compression_type=zstd", raw, zstd);
  await assert.rejects(expandQcow2(zstd, join(folder, "x2")), /features that are not known/);
  const page = join(folder, "page.qcow2");
  await writeFile(page, "<html>not found</html>".repeat(100));
  await assert.rejects(expandQcow2(page, join(folder, "x3")), /without its mark/);
  const cut = join(folder, "cut.qcow2");
  await writeFile(cut, (await readFile(image)).subarray(0, 200_000));
  const { code } = await tryRun("qemu-img", ["check", cut]);
  assert.notEqual(code, 0);
  await assert.rejects(expandQcow2(cut, join(folder, "x4")), /cut off/);
});

test("a machine's box is made of the image once, and given to Vagrant; with a wrong checksum it is not", async (t) => {
  const home = ownHome(t);
  const log = join(home, "log");
  const vagrantHome = join(home, "vagrant");
  // `vagrant --machine-readable box add --name NAME --provider libvirt FILE`, as Vagrant unpacks it.
  putScript(join(home, "bin", "vagrant"), [
    `echo "$*" >>${log}`,
    'folder="$VAGRANT_HOME/boxes/$5/0/$7"',
    'mkdir -p "$folder" && tar -xf "$8" -C "$folder"',
  ]);
  withEnvironment(t, { PATH: `${join(home, "bin")}:${process.env.PATH}` });
  const checksum = `sha512:${createHash("sha512")
    .update(await readFile(image))
    .digest("hex")}`;
  const inputs = machineInputs({
    ...cloudBox({ url: image, checksum }),
    boxVersion: undefined,
    directory: home,
    environment: { VAGRANT_HOME: vagrantHome },
  });
  const wrong = { ...inputs, boxChecksum: `sha512:${"0".repeat(128)}` };
  await assert.rejects(
    ensureBox(wrong, () => {}),
    /`boxUrl`: .*another checksum/,
  );
  assert.deepEqual(await readdir(home), ["bin", "cache"]);
  const said: string[] = [];
  for (let i = 0; i < 2; i++) await ensureBox(inputs, (line) => said.push(line));
  assert.deepEqual(said, [`making the box ${inputs.box} of the cloud image`]);
  const added = join(vagrantHome, "boxes", String(inputs.box), "0", "libvirt");
  assert.deepEqual((await readdir(added)).sort(), ["box.img", "metadata.json", "seed.img"]);
  assert.equal((await readFile(log, "utf8")).trim().split("\n").length, 1);
  assert.deepEqual(await readdir(artifactsHome()), [], "nothing of its making is left");
});
