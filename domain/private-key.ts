import type { ParsedKey } from "ssh2";

/** Loaded when it is needed: a preview without changes never is. */
const parse = (privateKey: string): ParsedKey | Error =>
  (require("ssh2") as typeof import("ssh2")).utils.parseKey(privateKey);

/** True for the text of a private key that needs no passphrase. */
export function isUsableKey(text: string): boolean {
  const key = parse(text);
  return !(key instanceof Error) && key.isPrivateKey();
}

/** The public half of a private key, as a line of authorized_keys without a comment. */
export function publicKeyOf(privateKey: string): string {
  const key = parse(privateKey);
  if (key instanceof Error) throw new Error(`a private key cannot be read: ${key.message}`);
  return `${key.type} ${key.getPublicSSH().toString("base64")}`;
}
