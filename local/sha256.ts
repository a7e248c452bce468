import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";

/** A checksum of a file of any size, in hexadecimal. */
export async function hashOf(type: "sha256" | "sha512", file: string): Promise<string> {
  const hash = createHash(type);
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}

/** The SHA-256 of a file of any size, in hexadecimal. */
export const sha256Of = (file: string): Promise<string> => hashOf("sha256", file);
