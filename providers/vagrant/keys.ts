import { generateKeyPairSync, randomBytes } from "node:crypto";
import type { ParsedKey } from "ssh2";

export interface KeyPair {
  /** OpenSSH form, unencrypted. */
  privateKey: string;
  /** One line of authorized_keys: type, base64, comment. */
  publicKey: string;
}

const keyType = "ssh-ed25519";

/** A length (32 bits, big-endian) and the bytes: how SSH writes strings (RFC 4251, 5). */
function field(value: Buffer | string): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

const raw = (value: string | undefined): Buffer => {
  const bytes = Buffer.from(value ?? "", "base64url");
  if (bytes.length !== 32) throw new Error(`an ed25519 key has 32 bytes, not ${bytes.length}`);
  return bytes;
};

/**
 * A new ed25519 key pair in the form that OpenSSH and Vagrant's net-ssh read (OpenSSH's PROTOCOL.key).
 * Written here because ssh2's generator drops a byte of about every hundredth key ("Malformed OpenSSH
 * private key"), and Node exports no OpenSSH form.
 */
export function newKeyPair(comment: string): KeyPair {
  const jwk = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
  const seed = raw(jwk.d);
  const point = raw(jwk.x);
  const publicBlob = Buffer.concat([field(keyType), field(point)]);
  const check = randomBytes(4);
  const secret = Buffer.concat([
    check,
    check,
    publicBlob,
    field(Buffer.concat([seed, point])),
    field(comment),
  ]);
  // Padding to the block size of the (absent) cipher: 1, 2, 3, ...
  const padding = Buffer.from(Array.from({ length: (8 - (secret.length % 8)) % 8 }, (_, i) => i + 1));
  const count = Buffer.from([0, 0, 0, 1]);
  const blob = Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    field("none"),
    field("none"),
    field(""),
    count,
    field(publicBlob),
    field(Buffer.concat([secret, padding])),
  ]);
  const lines = blob.toString("base64").match(/.{1,70}/g) ?? [];
  return {
    privateKey: [
      "-----BEGIN OPENSSH PRIVATE KEY-----",
      ...lines,
      "-----END OPENSSH PRIVATE KEY-----",
      "",
    ].join("\n"),
    publicKey: `${keyType} ${publicBlob.toString("base64")} ${comment}`,
  };
}

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
