/* Random choices from a seed, for tests whose finds must come again. */

/** Numbers in [0, 1) from a seed (mulberry32). */
export class Chance {
  constructor(private seed: number) {}

  next(): number {
    this.seed = (this.seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.seed ^ (this.seed >>> 15), 1 | this.seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  below(count: number): number {
    return Math.floor(this.next() * count);
  }

  is(probability: number): boolean {
    return this.next() < probability;
  }

  of<T>(all: readonly T[]): T {
    return all[this.below(all.length)] as T;
  }
}

/** How many cases: a few hundred, and as many as `HA_RANCHER_FUZZ` says in a soak. */
export const fuzzRuns = Number(process.env.HA_RANCHER_FUZZ) || 500;

/** The first seed; each case has the next one, and its message names it. */
export const fuzzSeed = Number(process.env.HA_RANCHER_FUZZ_SEED) || 1;

const pieces = [
  ...["", " ", "\n", "\r\n", "\0", "\u001b[2J", "\u202e", "\u200b", "\ufeff", "é", "😀", "\ud83d", "\uffff"],
  ...["0", "-1", "1e9", "0x1f", "007", "1.5", "9".repeat(30), "NaN", "true", "null", "~", "[object Object]"],
  ...[
    "..",
    "/",
    "../../etc/passwd",
    "/dev/null",
    "-rf",
    "--",
    "$(reboot)",
    "`id`",
    "'",
    '"',
    "\\",
    ";",
    "|",
    "&",
    "#",
    "%s",
  ],
  ...[
    "127.0.0.1",
    "224.0.0.1",
    "192.168.56.10/24",
    "192.168.56.12",
    "::",
    "fe80::1%eth0",
    "a".repeat(5_000),
    "{}",
    "[]",
  ],
  ...[
    "__proto__",
    "constructor",
    "toString",
    "-----BEGIN PRIVATE KEY-----\n",
    "ssh-rsa AAAA",
    "secure",
    "undefined",
  ],
];

/** Texts that somebody might trip over. */
export const nastyText = (chance: Chance): string =>
  Array.from({ length: 1 + chance.below(3) }, () => chance.of(pieces)).join(chance.is(0.5) ? "" : " ");

/** Any value, nested a little. */
export function nastyValue(chance: Chance, depth = 0): unknown {
  const kind = chance.below(depth > 3 ? 6 : 9);
  if (kind < 3) return nastyText(chance);
  if (kind === 3) return chance.of([0, -1, 1, 0.5, 255, 256, 65_535, 65_536, 1e21, 2 ** 53, -0.001]);
  if (kind === 4) return chance.of([true, false, null]);
  if (kind === 5) return chance.of([[], {}, "", 0]);
  const many = chance.below(4);
  if (kind === 6) return Array.from({ length: many }, () => nastyValue(chance, depth + 1));
  return Object.fromEntries(
    Array.from({ length: many }, () => [nastyText(chance).slice(0, 100), nastyValue(chance, depth + 1)]),
  );
}

/** A text with a few of its characters taken out, doubled, or others put in. */
export function bent(chance: Chance, text: string): string {
  let result = text;
  for (let i = chance.below(3); i >= 0; i--) {
    const at = chance.below(result.length + 1);
    const how = chance.below(4);
    if (how === 0) result = result.slice(0, at) + nastyText(chance) + result.slice(at);
    else if (how === 1) result = result.slice(0, at) + result.slice(at + 1 + chance.below(20));
    else if (how === 2) result = result.slice(0, at) + result.slice(Math.max(0, at - chance.below(200)));
    else if (chance.is(0.2)) result = result.slice(0, at);
  }
  return result;
}

/** A copy of a value in which one place has another value, is gone, or has what another place has. */
export function disturbed(chance: Chance, value: unknown): unknown {
  if (typeof value !== "object" || value === null || chance.is(0.08)) return nastyValue(chance);
  const copy = structuredClone(value) as Record<string, unknown>;
  const names = Object.keys(copy);
  if (names.length === 0 || chance.is(0.05)) {
    copy[nastyText(chance).slice(0, 100)] = nastyValue(chance);
    return copy;
  }
  const name = chance.of(names);
  if (chance.is(0.1)) delete copy[name];
  else copy[name] = chance.is(0.15) ? structuredClone(copy[chance.of(names)]) : disturbed(chance, copy[name]);
  return copy;
}
