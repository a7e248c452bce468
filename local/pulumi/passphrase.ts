import { createDecipheriv, pbkdf2 } from "node:crypto";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { Failure } from "../errors";
import { passphraseFile } from "../paths";

/** A passphrase that the user chose, and by which variable; undefined if it is the program's own. */
function chosenBy(environment: NodeJS.ProcessEnv): { variable: string; passphrase: string } | undefined {
  const { PULUMI_CONFIG_PASSPHRASE: passphrase, PULUMI_CONFIG_PASSPHRASE_FILE: file } = environment;
  if (passphrase !== undefined) return { variable: "PULUMI_CONFIG_PASSPHRASE", passphrase };
  if (!file || file === passphraseFile()) return undefined;
  try {
    // Pulumi trims it too.
    return { variable: "PULUMI_CONFIG_PASSPHRASE_FILE", passphrase: readFileSync(file, "utf8").trim() };
  } catch (error) {
    throw new Failure(`\`PULUMI_CONFIG_PASSPHRASE_FILE\` cannot be read: ${(error as Error).message}`);
  }
}

/**
 * Whether a stack's secrets are encrypted with this passphrase. Its state has a salt and, to tell a wrong passphrase,
 * a known text that was encrypted with the key: `v1:SALT:v1:NONCE:TEXT`, all base64. Key: PBKDF2, SHA-256, a million
 * rounds; cipher: AES-256-GCM, the tag in the last 16 bytes (Pulumi's sdk/go/common/resource/config/crypt.go).
 */
export async function fits(passphrase: string, state: string): Promise<boolean> {
  const [, salt, nonce, sealed] = /^v1:([^:]+):v1:([^:]+):([^:]+)$/.exec(state) ?? [];
  // Another format is for Pulumi to judge.
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

/**
 * Refuses a passphrase that is not the stack's. Pulumi itself would first run the program, with nothing in the place
 * of its secrets. The program's own passphrase is not tried: that would cost half a second each time.
 *
 * @param salt of the stack's state; undefined if it has none, as with other secrets providers
 */
export async function checkPassphrase(stack: string, salt: string | undefined): Promise<void> {
  const chosen = chosenBy(process.env);
  if (!chosen || !salt || (await fits(chosen.passphrase, salt))) return;
  throw new Failure(
    `\`${chosen.variable}\` is not the passphrase that the stack ${stack} was made with: set that one, or unset it if the stack was made without`,
  );
}
