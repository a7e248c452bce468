import { existsSync, readFileSync, writeFileSync } from "node:fs";

/** `secure:` marks a setting that is encrypted with that very salt. */
const salt = /^encryptionsalt: \S+\n?/m;

/** What a stack's file says of its secrets. */
export interface FileSecrets {
  /** Its `encryptionsalt`, in the form of {@link fits}; undefined: none. */
  salt: string | undefined;
  /** The settings with encrypted values. */
  secure: string[];
}

export function secretsIn(text: string): FileSecrets {
  const found = /^encryptionsalt:\s*["']?([^\s"'#]+)/m.exec(text)?.[1];
  const { parse } = require("yaml") as typeof import("yaml");
  let config: unknown;
  try {
    config = (parse(text) as { config?: unknown } | null)?.config;
  } catch {
    // The settings' own check says what is wrong with it.
  }
  const hides = (value: unknown): boolean =>
    typeof value === "object" &&
    value !== null &&
    ("secure" in value || Object.values(value).some((inner) => hides(inner)));
  const entries = typeof config === "object" && config !== null ? Object.entries(config) : [];
  return { salt: found, secure: entries.flatMap(([name, value]) => (hides(value) ? [name] : [])) };
}

/** What a stack's file says, whatever it looks like: Pulumi writes numbers as text. */
function meaning(text: string): string {
  const plain = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(plain);
    if (typeof value !== "object" || value === null) return String(value);
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]));
  };
  // Only when it is needed: not every command runs Pulumi.
  const { parse } = require("yaml") as typeof import("yaml");
  return JSON.stringify(plain(parse(text.replace(salt, ""))));
}

function sameMeaning(one: string, other: string): boolean {
  try {
    return meaning(one) === meaning(other);
  } catch {
    return false; // Somebody is in the middle of editing it.
  }
}

/**
 * Runs Pulumi and leaves the stack's file as it was: Pulumi writes it anew, in a form of its own and with an
 * `encryptionsalt`, which would show up as a change of a file under version control, and is of no use in another
 * clone. The state has the salt as well (PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER makes Pulumi look there). A file
 * that has a salt, or encrypted settings, keeps it, and what `pulumi config set` changed is kept.
 */
export async function keepingStackFile<T>(file: string, action: () => Promise<T>): Promise<T> {
  const read = (): string | undefined => (existsSync(file) ? readFileSync(file, "utf8") : undefined);
  const before = read();
  try {
    return await action();
  } finally {
    const after = read();
    if (before !== undefined && after !== undefined && after !== before) {
      const isSalted = salt.test(before) || /\bsecure:/.test(after);
      const kept = sameMeaning(before, after) ? before : isSalted ? after : after.replace(salt, "");
      if (kept !== after) writeFileSync(file, kept);
    }
  }
}
