import { createHmac } from "node:crypto";

/** Whether a host field of a known_hosts file (a list of names, or one hashed name) is about a host. */
function names(field: string, host: string): boolean {
  const [, kind, salt = "", hash] = field.split("|");
  if (kind === "1")
    return createHmac("sha1", Buffer.from(salt, "base64")).update(host).digest("base64") === hash;
  return field.split(",").includes(host);
}

/**
 * The keys of a host in a known_hosts file, as `TYPE BASE64`. Patterns and certificate authorities are ignored: a host
 * that only they cover has no key here, and is refused.
 *
 * @param text the file's content
 */
export function knownKeys(text: string, host: string, port: number): string[] {
  const name = port === 22 ? host : `[${host}]:${port}`;
  const keys: string[] = [];
  for (const line of text.split("\n")) {
    const [field = "", type, base64] = line.trim().split(/\s+/);
    if (field.startsWith("#") || field.startsWith("@") || !type || !base64) continue;
    if (names(field, name)) keys.push(`${type} ${base64}`);
  }
  return keys;
}
