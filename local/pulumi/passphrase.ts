import { createDecipheriv, pbkdf2 } from "node:crypto";
import { promisify } from "node:util";

const form = /^v1:([^:]+):v1:([^:]+):([^:]+)$/;

/** Whether {@link fits} can tell. */
export const isKnownForm = (state: string): boolean => form.test(state);

/**
 * Whether a stack's secrets are encrypted with this passphrase. The state has a salt, and a known text that was
 * encrypted with the key, to detect a wrong passphrase: `v1:SALT:v1:NONCE:TEXT`, all base64. Key: PBKDF2, SHA-256, a
 * million rounds; cipher: AES-256-GCM, the tag in the last 16 bytes (Pulumi's sdk/go/common/resource/config/crypt.go).
 */
export async function fits(passphrase: string, state: string): Promise<boolean> {
  const [, salt, nonce, sealed] = form.exec(state) ?? [];
  // Pulumi itself judges other formats.
  if (!salt || !nonce || !sealed) return true;
  const bytes = (text: string): Buffer => Buffer.from(text, "base64");
  const key = await promisify(pbkdf2)(passphrase, bytes(salt), 1_000_000, 32, "sha256");
  const cipher = createDecipheriv("aes-256-gcm", key, bytes(nonce));
  cipher.setAuthTag(bytes(sealed).subarray(-16));
  try {
    cipher.update(bytes(sealed).subarray(0, -16));
    cipher.final();
    return true;
  } catch {
    return false;
  }
}
