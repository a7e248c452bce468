import { constants, copyFile, open, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../../local/run";
import { onPath } from "../../../local/toolchain/path";
import { pack } from "./archive";
import { ovf } from "./ovf";
import { expandQcow2, isQcow2 } from "./qcow2";
import { seedDisk } from "./seed";

/** Hypervisors that a box can be made for here. */
export type CloudHypervisor = "libvirt" | "virtualbox";

/** Bytes that a machine's disk has at least; its root file system grows to that at the first boot. */
const bytes = 20 * 2 ** 30;
const limit = 1_800_000;

const qemuImg = (...args: string[]) => run("qemu-img", args, { timeout: limit });

/** Bytes of a disk, once it is certain that it is whole in itself: another file's content could come in with it. */
async function checkedSize(file: string, format: string): Promise<number> {
  const { stdout } = await qemuImg("info", "--output=json", "-f", format, file);
  const info = JSON.parse(stdout);
  const data = info["format-specific"]?.data ?? {};
  if (info["backing-filename"] !== undefined || data["data-file"] !== undefined)
    throw new Error("the cloud image of `boxUrl` refers to another file: take one that is whole in itself");
  return Number(info["virtual-size"]);
}

/** Makes a disk as large as a machine's; gives its size. */
async function enlarge(disk: string, format: string): Promise<number> {
  const size = await checkedSize(disk, format);
  if (size >= bytes) return size;
  await qemuImg("resize", "-q", "-f", format, disk, String(bytes));
  return bytes;
}

const copy = (from: string, to: string): Promise<void> => copyFile(from, to, constants.COPYFILE_FICLONE);

/** The files of a box for vagrant-libvirt (its box format 2). */
async function forLibvirt(image: string, folder: string, seed: string): Promise<string[]> {
  const disk = join(folder, "box.img");
  if (await isQcow2(image)) await copy(image, disk);
  else await qemuImg("convert", "-f", "raw", "-O", "qcow2", image, disk);
  const size = await enlarge(disk, "qcow2");
  await qemuImg("convert", "-f", "raw", "-O", "qcow2", seed, join(folder, "seed.img"));
  const metadata = {
    provider: "libvirt",
    format: "qcow2",
    virtual_size: Math.ceil(size / 2 ** 30),
    disks: [{ path: "box.img" }, { path: "seed.img" }],
  };
  await writeFile(join(folder, "metadata.json"), `${JSON.stringify(metadata)}\n`);
  return ["metadata.json", "box.img", "seed.img"];
}

/** Where the text of a VMDK disk stands: bytes of the file. */
const description = { from: 512, length: 20 * 512 };

/**
 * The text of a VMDK disk with a fixed number in place of QEMU's random one. QEMU writes the number twice, the second
 * time into the first text and without leading zeros: a shorter one leaves rests of the first text behind its zero.
 */
export function withFixedNumber(block: Buffer): Buffer {
  const end = block.indexOf(0);
  const text = block.toString("latin1", 0, end < 0 ? block.length : end);
  const fixed = Buffer.alloc(block.length);
  fixed.write(text.replace(/^CID=[0-9a-f]+$/m, "CID=fffffffe"), "latin1");
  return fixed;
}

/** Fixes the number of a VMDK disk, so that the same image makes the same box. */
async function fixIdentity(file: string): Promise<void> {
  const { from, length } = description;
  const handle = await open(file, "r+");
  try {
    const before = Buffer.alloc(length);
    await handle.read(before, 0, length, from);
    await handle.write(withFixedNumber(before), 0, length, from);
  } finally {
    await handle.close();
  }
}

/** Writes a disk as VirtualBox imports it, with QEMU's program or VirtualBox's own. */
async function vmdk(from: string, format: string, to: string): Promise<void> {
  if (onPath("qemu-img")) {
    await qemuImg("convert", "-f", format, "-O", "vmdk", "-o", "subformat=streamOptimized", from, to);
    return await fixIdentity(to);
  }
  await run("VBoxManage", ["convertfromraw", from, to, "--format", "VMDK", "--variant", "Stream"], {
    timeout: limit,
  });
}

/** The image as a disk of a machine, in a form that {@link vmdk} can read with what is there. */
async function sourceOf(
  image: string,
  folder: string,
): Promise<{ file: string; format: string; size: number }> {
  const qcow2 = await isQcow2(image);
  const file = join(folder, "source");
  if (onPath("qemu-img")) {
    const format = qcow2 ? "qcow2" : "raw";
    await copy(image, file);
    return { file, format, size: await enlarge(file, format) };
  }
  if (qcow2) await expandQcow2(image, file);
  else await copy(image, file);
  const handle = await open(file, "r+");
  try {
    const { size } = await handle.stat();
    if (size < bytes) await handle.truncate(bytes);
    return { file, format: "raw", size: Math.max(size, bytes) };
  } finally {
    await handle.close();
  }
}

/** Without a serial port the image's kernel would wait for it to take each line. */
const vagrantfile = `Vagrant.configure("2") do |config|
  config.vm.provider "virtualbox" do |hypervisor|
    hypervisor.customize ["modifyvm", :id, "--uart1", "0x3F8", "4"]
    hypervisor.customize ["modifyvm", :id, "--uartmode1", "disconnected"]
  end
end
`;

/** The files of a box for VirtualBox. */
async function forVirtualBox(image: string, folder: string, seed: string): Promise<string[]> {
  const source = await sourceOf(image, folder);
  await vmdk(source.file, source.format, join(folder, "disk.vmdk"));
  await rm(source.file);
  await vmdk(seed, "raw", join(folder, "seed.vmdk"));
  const disks = [
    { file: "disk.vmdk", capacity: source.size },
    { file: "seed.vmdk", capacity: seedDisk().length },
  ];
  await writeFile(join(folder, "box.ovf"), ovf(disks));
  await writeFile(join(folder, "metadata.json"), `${JSON.stringify({ provider: "virtualbox" })}\n`);
  await writeFile(join(folder, "Vagrantfile"), vagrantfile);
  return ["metadata.json", "Vagrantfile", "box.ovf", "disk.vmdk", "seed.vmdk"];
}

/**
 * Makes a Vagrant box of a cloud image: its disk, enlarged, and one with what cloud-init reads (seed.ts).
 *
 * @param folder an empty one for all that is written
 * @returns the .box file
 */
export async function makeBox(image: string, hypervisor: CloudHypervisor, folder: string): Promise<string> {
  const seed = join(folder, "seed.raw");
  await writeFile(seed, seedDisk());
  const files =
    hypervisor === "libvirt"
      ? await forLibvirt(image, folder, seed)
      : await forVirtualBox(image, folder, seed);
  const box = join(folder, "machine.box");
  await pack(folder, files, box);
  return box;
}
