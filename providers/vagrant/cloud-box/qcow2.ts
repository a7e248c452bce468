import { type FileHandle, open } from "node:fs/promises";
import { inflateRawSync } from "node:zlib";

/*
 * Expands a qcow2 disk where there is no qemu-img: VBoxManage reads raw disks only. QEMU's docs/interop/qcow2.txt has the
 * format. What published images do not have (backing files, encryption, snapshots, zstd) is refused.
 */

const magic = 0x514649fb;
/** Bits of an offset in a table. */
const offsetMask = 0x00ff_ffff_ffff_fe00n;
const compressedBit = 1n << 62n;
const zeroBit = 1n;

interface Header {
  clusterBits: number;
  /** Bytes of the disk. */
  size: number;
  l1Size: number;
  l1Offset: number;
}

/** Bytes that a disk may claim to have: far more than any published image. */
const mostSize = 2 ** 40;

/** Bytes of a file. Beyond its end there are zeros, but at least so many must be there. */
async function read(file: FileHandle, offset: number, length: number, least = length): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, offset);
  if (bytesRead < least)
    throw new Error("the cloud image is a qcow2 disk that is cut off: download it again");
  return buffer;
}

function refuse(what: string): never {
  throw new Error(`the cloud image is a qcow2 disk ${what}: install \`qemu-img\`, which may read it`);
}

async function readHeader(file: FileHandle): Promise<Header | undefined> {
  const header = await read(file, 0, 112, 72);
  if (header.readUInt32BE(0) !== magic) return undefined;
  const version = header.readUInt32BE(4);
  if (version !== 2 && version !== 3) refuse(`of version ${version}`);
  if (header.readBigUInt64BE(8) !== 0n) refuse("with a backing file");
  if (header.readUInt32BE(32) !== 0) refuse("that is encrypted");
  const incompatible = version === 3 ? header.readBigUInt64BE(72) : 0n;
  // Bit 0: it was not closed in order, which concerns counts that are not read here.
  if ((incompatible & ~1n) !== 0n) refuse("with features that are not known here");
  const clusterBits = header.readUInt32BE(20);
  const size = Number(header.readBigUInt64BE(24));
  const l1Size = header.readUInt32BE(36);
  if (clusterBits < 9 || clusterBits > 21 || size > mostSize) refuse("with sizes that cannot be");
  // A table of the second level maps 2^(clusterBits - 3) clusters.
  if (l1Size > Math.ceil(size / 2 ** (2 * clusterBits - 3)) + 1024) refuse("with a table that is too long");
  return { clusterBits, size, l1Size, l1Offset: Number(header.readBigUInt64BE(40)) };
}

async function clusterOf(
  file: FileHandle,
  entry: bigint,
  { clusterBits }: Header,
): Promise<Buffer | undefined> {
  const length = 2 ** clusterBits;
  if ((entry & compressedBit) === 0n) {
    const offset = Number(entry & offsetMask);
    return offset === 0 || (entry & zeroBit) !== 0n ? undefined : await read(file, offset, length, 1);
  }
  const offsetBits = BigInt(62 - (clusterBits - 8));
  const offset = Number(entry & ((1n << offsetBits) - 1n));
  const further = Number((entry & (compressedBit - 1n)) >> offsetBits);
  const packed = await read(file, offset, (further + 1) * 512 - (offset % 512), 1);
  return inflateRawSync(packed, { maxOutputLength: length, finishFlush: 2 });
}

/** Whether a file is a qcow2 disk. */
export async function isQcow2(path: string): Promise<boolean> {
  const file = await open(path, "r");
  try {
    return (await read(file, 0, 4, 0)).readUInt32BE(0) === magic;
  } finally {
    await file.close();
  }
}

/** Writes what a qcow2 disk holds as a raw disk; where nothing is, the file has holes. */
export async function expandQcow2(from: string, to: string): Promise<void> {
  const [source, target] = await Promise.all([open(from, "r"), open(to, "wx")]);
  try {
    const header = (await readHeader(source)) ?? refuse("without its mark");
    const { clusterBits, size, l1Size, l1Offset } = header;
    const length = 2 ** clusterBits;
    await target.truncate(size);
    const l1 = await read(source, l1Offset, l1Size * 8);
    for (let i = 0; i < l1Size; i++) {
      const table = Number(l1.readBigUInt64BE(i * 8) & offsetMask);
      if (table === 0) continue;
      const l2 = await read(source, table, length);
      for (let j = 0; j < length / 8; j++) {
        const at = (i * (length / 8) + j) * length;
        if (at >= size) break;
        const content = await clusterOf(source, l2.readBigUInt64BE(j * 8), header);
        if (content) await target.write(content, 0, Math.min(content.length, size - at), at);
      }
    }
  } finally {
    await Promise.all([source.close(), target.close()]);
  }
}
