import { crc32, deflateSync, inflateSync } from "node:zlib";

/* A screenshot as a small picture: few colours, in a palette, which a page of areas and text needs no more of. */

/** Colours of a picture. */
const most = 128;

interface Pixels {
  width: number;
  height: number;
  /** Three bytes each, row by row. */
  rgb: Buffer;
}

function chunksOf(png: Buffer): Map<string, Buffer> {
  const chunks = new Map<string, Buffer>();
  for (let at = 8; at < png.length; ) {
    const length = png.readUInt32BE(at);
    const name = png.toString("latin1", at + 4, at + 8);
    const data = png.subarray(at + 8, at + 8 + length);
    chunks.set(name, Buffer.concat([chunks.get(name) ?? Buffer.alloc(0), data]));
    at += 12 + length;
  }
  return chunks;
}

/** PNG's predictor of that name (PNG 9.4). */
function paeth(a: number, b: number, c: number): number {
  const [pa, pb, pc] = [Math.abs(b - c), Math.abs(a - c), Math.abs(a + b - 2 * c)];
  return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
}

function pixelsOf(png: Buffer): Pixels {
  const chunks = chunksOf(png);
  const header = chunks.get("IHDR") as Buffer;
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  const size = header[9] === 6 ? 4 : 3;
  const raw = inflateSync(chunks.get("IDAT") as Buffer);
  const row = width * size;
  const lines = Buffer.alloc(row * height);
  for (let y = 0; y < height; y++) {
    const filter = raw[y * (row + 1)];
    for (let x = 0; x < row; x++) {
      const at = y * row + x;
      const a = x >= size ? (lines[at - size] as number) : 0;
      const b = y > 0 ? (lines[at - row] as number) : 0;
      const c = x >= size && y > 0 ? (lines[at - row - size] as number) : 0;
      const guess = [0, a, b, (a + b) >> 1, paeth(a, b, c)][filter as number] as number;
      lines[at] = ((raw[y * (row + 1) + 1 + x] as number) + guess) & 255;
    }
  }
  const rgb = Buffer.alloc(width * height * 3);
  for (let i = 0; i < width * height; i++) lines.copy(rgb, i * 3, i * size, i * size + 3);
  return { width, height, rgb };
}

const colorAt = (rgb: Buffer, at: number): number =>
  ((rgb[at] as number) << 16) | ((rgb[at + 1] as number) << 8) | (rgb[at + 2] as number);

function distance(one: number, other: number): number {
  const part = (shift: number): number => ((one >> shift) & 255) - ((other >> shift) & 255);
  return part(16) ** 2 + part(8) ** 2 + part(0) ** 2;
}

/** The commonest colours, as they are; each other one is shown as the nearest of them. */
function paletteOf({ rgb }: Pixels): { colors: number[]; numbers: Map<number, number> } {
  const counts = new Map<number, number>();
  for (let at = 0; at < rgb.length; at += 3) {
    const color = colorAt(rgb, at);
    counts.set(color, (counts.get(color) ?? 0) + 1);
  }
  const colors = [...counts.entries()]
    .sort(([, one], [, other]) => other - one)
    .slice(0, most)
    .map(([color]) => color);
  const nearest = (color: number): number =>
    colors.reduce(
      (best, each, i) => (distance(color, each) < distance(color, colors[best] as number) ? i : best),
      0,
    );
  return { colors, numbers: new Map([...counts.keys()].map((color) => [color, nearest(color)])) };
}

function chunk(name: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(name, "latin1"), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}

/** The same picture with few colours. */
export function smallPng(png: Buffer): Buffer {
  const pixels = pixelsOf(png);
  const { width, height, rgb } = pixels;
  const { colors, numbers } = paletteOf(pixels);
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3, 0, 0, 0], 8);
  const lines = Buffer.alloc((width + 1) * height);
  for (let i = 0; i < width * height; i++)
    lines[i + Math.floor(i / width) + 1] = numbers.get(colorAt(rgb, i * 3)) as number;
  const palette = Buffer.from(colors.flatMap((color) => [color >> 16, (color >> 8) & 255, color & 255]));
  return Buffer.concat([
    png.subarray(0, 8),
    ...[chunk("IHDR", header), chunk("PLTE", palette), chunk("IDAT", deflateSync(lines, { level: 9 }))],
    chunk("IEND", Buffer.alloc(0)),
  ]);
}
