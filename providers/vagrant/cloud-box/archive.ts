import { createReadStream, createWriteStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { ustarEnd, ustarHeader, ustarPadding } from "../../../domain/ustar";

/** Packs files of a folder, in that order, into a tar archive: the same bytes for the same files. */
export async function pack(folder: string, names: readonly string[], archive: string): Promise<void> {
  async function* parts(): AsyncGenerator<Buffer> {
    for (const name of names) {
      const file = join(folder, name);
      const { size } = await stat(file);
      yield ustarHeader({ path: name, mode: "0644" }, size);
      yield* createReadStream(file, { highWaterMark: 1 << 20 });
      yield ustarPadding(size);
    }
    yield ustarEnd();
  }
  await pipeline(Readable.from(parts()), createWriteStream(archive));
}
