import { open, rename } from "node:fs/promises";

/** Writes a file so that whoever reads it finds the old text or the new one, also after a power failure. */
export async function writeAtomically(file: string, text: string): Promise<void> {
  const candidate = `${file}.new`;
  const handle = await open(candidate, "w", 0o644);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(candidate, file);
}
