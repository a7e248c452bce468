/*
 * A small disk with the FAT file system (Microsoft's "FAT: General Overview of On-Disk Format", 1.03): what every system can
 * read, and no program has to be installed to write. The same files make the same bytes.
 */

const sectorSize = 512;
const sectors = 2048;
const sectorsOfFat = 6;
const rootEntries = 64;
const entrySize = 32;
const firstDataSector = 1 + 2 * sectorsOfFat + (rootEntries * entrySize) / sectorSize;
/** The first of January 1980, the earliest date that the format has. */
const date = 0x0021;

/** Bytes that all files together may have; each takes whole sectors. */
export const fatCapacity = (sectors - firstDataSector) * sectorSize;

function bootSector(label: string): Buffer {
  const sector = Buffer.alloc(sectorSize);
  sector.set([0xeb, 0x3c, 0x90]);
  sector.write("MSDOS5.0", 3, "latin1");
  sector.writeUInt16LE(sectorSize, 11);
  sector[13] = 1; // Sectors of a cluster.
  sector.writeUInt16LE(1, 14); // Sectors before the first FAT.
  sector[16] = 2; // FATs.
  sector.writeUInt16LE(rootEntries, 17);
  sector.writeUInt16LE(sectors, 19);
  sector[21] = 0xf8; // A fixed disk.
  sector.writeUInt16LE(sectorsOfFat, 22);
  sector.writeUInt16LE(63, 24);
  sector.writeUInt16LE(255, 26);
  sector[36] = 0x80;
  sector[38] = 0x29; // The three fields that follow are there.
  sector.write("SEED", 39, "latin1");
  sector.write(label.padEnd(11), 43, "latin1");
  sector.write("FAT12   ", 54, "latin1");
  sector.writeUInt16LE(0xaa55, 510);
  return sector;
}

/** The name of eleven letters that each file has beside its real one. */
const shortName = (index: number): string => `FILE~${index + 1}`.padEnd(11);

const checksumOf = (short: string): number =>
  [...short].reduce((sum, letter) => (((sum & 1) << 7) + (sum >> 1) + letter.charCodeAt(0)) & 0xff, 0);

/** The entries that hold a file's real name, 13 UTF-16 units each, the last part first. */
function longNameEntries(name: string, short: string): Buffer[] {
  const units = [...Buffer.from(name, "utf16le")];
  const count = Math.ceil(name.length / 13);
  if (name.length % 13 > 0) units.push(0, 0);
  while (units.length < count * 26) units.push(0xff);
  return Array.from({ length: count }, (_, i) => {
    const order = count - i;
    const part = units.slice((order - 1) * 26, order * 26);
    const entry = Buffer.alloc(entrySize);
    entry[0] = order | (i === 0 ? 0x40 : 0);
    entry.set(part.slice(0, 10), 1);
    entry[11] = 0x0f;
    entry[13] = checksumOf(short);
    entry.set(part.slice(10, 22), 14);
    entry.set(part.slice(22, 26), 28);
    return entry;
  });
}

function entryOf(short: string, attributes: number, cluster: number, size: number): Buffer {
  const entry = Buffer.alloc(entrySize);
  entry.write(short, 0, "latin1");
  entry[11] = attributes;
  for (const offset of [16, 18, 24]) entry.writeUInt16LE(date, offset);
  entry.writeUInt16LE(cluster, 26);
  entry.writeUInt32LE(size, 28);
  return entry;
}

/** A FAT of 12 bits for each cluster. */
function fatOf(next: number[]): Buffer {
  const fat = Buffer.alloc(sectorsOfFat * sectorSize);
  for (const [cluster, value] of next.entries()) {
    const at = Math.floor(cluster * 1.5);
    const pair = fat.readUInt16LE(at);
    fat.writeUInt16LE(cluster % 2 === 0 ? (pair & 0xf000) | value : (pair & 0x000f) | (value << 4), at);
  }
  return fat;
}

/**
 * The disk, of 1 MiB.
 *
 * @param label of the file system, at most 11 letters
 * @param files contents by name
 */
export function fatDisk(label: string, files: Readonly<Record<string, string>>): Buffer {
  const next = [0xff8, 0xfff];
  const entries = [entryOf(label.padEnd(11), 0x08, 0, 0)];
  const data: Buffer[] = [];
  for (const [index, [name, text]] of Object.entries(files).entries()) {
    const content = Buffer.from(text);
    const clusters = Math.ceil(content.length / sectorSize);
    const first = next.length;
    for (let i = 1; i <= clusters; i++) next.push(i === clusters ? 0xfff : first + i);
    data.push(content, Buffer.alloc(clusters * sectorSize - content.length));
    const short = shortName(index);
    entries.push(...longNameEntries(name, short));
    entries.push(entryOf(short, 0x20, clusters > 0 ? first : 0, content.length));
  }
  const disk = Buffer.alloc(sectors * sectorSize);
  const all = Buffer.concat(data);
  if (all.length > fatCapacity || entries.length > rootEntries)
    throw new Error(`${all.length} bytes in ${entries.length} entries do not fit on a seed's disk`);
  bootSector(label).copy(disk);
  fatOf(next).copy(disk, sectorSize);
  fatOf(next).copy(disk, (1 + sectorsOfFat) * sectorSize);
  Buffer.concat(entries).copy(disk, (1 + 2 * sectorsOfFat) * sectorSize);
  all.copy(disk, firstDataSector * sectorSize);
  return disk;
}
