import { createHash } from "node:crypto";

/*
 * keepalived's `auth_hmac`: adverts with an HMAC-SHA256 and a number that only grows. In releases since 2.4.0 (2026-06-22),
 * `receive-only` since 2.4.2 (2026-07-07); docs/floating-ip.md says what it is good for.
 */

/** Each sends and takes more than the one before; a stack that runs goes through all of them. */
export const hmacModes = ["receive-only", "permissive", "enforce"] as const;

export type HmacMode = (typeof hmacModes)[number];

/** What a keepalived.conf says of it. The key is in a file of its own, for root alone. */
export interface Hmac {
  /** 1 to 255. Another key has another number, so that a file that names the one cannot mean the other. */
  keyId: number;
  mode: HmacMode;
}

/** Of 32 random bytes or more, eight bits of their hash say nothing. */
export const hmacKeyId = (key: string): number =>
  1 + ((createHash("sha256").update(`ha-rancher ${key}`).digest()[0] ?? 0) % 255);

/** Where the key is on each node. */
export const hmacKeyFile = (keyId: number): string => `/etc/ha-rancher/vrrp-key-${keyId}`;

/**
 * The lines of an instance's block. `monotonic`, not `time`: a machine that was paused, or has no time server, has a clock
 * that lags, and with `time` it would hear nobody and take the VIP.
 */
export const hmacLines = ({ keyId, mode }: Hmac): string[] => [
  `key ${keyId} file:${hmacKeyFile(keyId)}`,
  `active_key ${keyId}`,
  "anti_replay monotonic",
  `mode ${mode}`,
];

/** What a keepalived.conf says of it; undefined: nothing. */
export function hmacIn(conf: string): Hmac | undefined {
  const keyId = /^\s*active_key (\d{1,3})$/m.exec(conf)?.[1];
  const mode = /^\s*mode ([a-z-]+)$/m.exec(conf)?.[1];
  const known = hmacModes.find((each) => each === mode);
  return keyId && known ? { keyId: Number(keyId), mode: known } : undefined;
}

const rank = (hmac: Hmac | undefined): number => (hmac ? 1 + hmacModes.indexOf(hmac.mode) : 0);

const shown = (hmac: Hmac | undefined): string =>
  hmac ? `\`${hmac.mode}\`` : "without `keepalived.authHmac`";

/**
 * Why nodes that get one file after the other would not hear each other meanwhile, and which way they can go; undefined if
 * they would. Who sends no trailer is heard by `permissive`, who sends one by `receive-only`.
 */
export function hmacStep(before: string, after: string): string | undefined {
  const [from, to] = [hmacIn(before), hmacIn(after)];
  const [old, next] = [rank(from), rank(to)];
  const deaf = "on the way nodes would not hear each other, and two of them would have the VIP";
  if (from && to && from.keyId !== to.keyId && (old > 1 || next > 1))
    return `\`keepalived.authHmac.key\` must not change in mode ${shown(old > 1 ? from : to)}: ${deaf}. Go to \`receive-only\` with the old key, an \`up\` for each mode; then change the key`;
  if (Math.abs(old - next) <= 1) return undefined;
  const step = rank(from) < rank(to) ? old + 1 : old - 1;
  const mode = hmacModes[step - 1];
  return `\`keepalived.authHmac.mode\` must not go from ${shown(from)} to ${shown(to)} at once: ${deaf}. Set \`mode: ${mode}\` first, and each further mode once that one is in force on all nodes (${hmacModes.join(", ")})`;
}
