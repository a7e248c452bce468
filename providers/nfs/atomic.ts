import { open, readFile, rename } from "node:fs/promises";

/** The text of a file, or undefined if there is none. */
export async function textOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

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
