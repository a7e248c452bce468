import { basename } from "node:path";
import { parse, YAMLError } from "yaml";
import { closest } from "../domain/closest";
import { type Mistake, mistake } from "../domain/mistake";
import { encrypted } from "./encrypted";
import { SettingsError } from "./error";

/*
 * Reads a stack's file, Pulumi.<stack>.yaml, as Pulumi gives its settings to a program: by name, as text. Loads nothing
 * that checks settings, since each process of the policy pack reads a stack's file, too.
 */

/** The project's name, which is also the namespace of its settings: `ha-rancher:vip`. */
export const namespace = "ha-rancher";

/** The stack's name from its file: `dev` for Pulumi.dev.yaml. */
export const stackOfFile = (file: string): string => basename(file).replace(/^Pulumi\.(.+)\.yaml$/, "$1");

/** With a stand-in for every value that only Pulumi can decrypt: `{secure: ...}`. */
function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value);
  if (entries.length === 1 && entries[0]?.[0] === "secure") return encrypted;
  return Object.fromEntries(entries.map(([name, inner]) => [name, withoutSecrets(inner)]));
}

const text = (given: unknown): string => {
  const value = withoutSecrets(given);
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
};

const isTable = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What a file says under `config`, by name with namespace. */
function configOf(written: string, file: string): Record<string, unknown> {
  const named = basename(file);
  let content: unknown;
  try {
    content = parse(written);
  } catch (error) {
    if (!(error instanceof YAMLError)) throw error;
    throw new SettingsError([
      { path: "", subject: named, rule: "is not YAML", wayOut: error.message.trim() },
    ]);
  }
  const config = isTable(content) ? (content.config ?? {}) : content === null ? {} : undefined;
  if (!isTable(config))
    throw new SettingsError([
      mistake("config", `in ${named} must be settings by name, such as \`${namespace}:vip\``),
    ]);
  return config;
}

/** Namespaces of others in a stack's file: Pulumi's own, and those of the providers that this program uses. */
export const namespacesOfOthers: readonly string[] = ["pulumi", "docker", "command"];

/** The settings of this program among all values of a stack, and what is wrong with the names of the others. */
export interface OwnSettings<Value> {
  /** By name without the namespace. Those whose namespace is missing or wrong are among them, to be judged with them. */
  own: Record<string, Value>;
  mistakes: Mistake[];
}

/** Why a name with a strange namespace, or none, is not read. */
function strange(key: string, name: string, names: readonly string[]): Mistake {
  const known = names.includes(name) ? name : closest(name, names);
  if (!key.includes(":")) return mistake(key, `must be written \`${namespace}:${key}\`, with its namespace`);
  return mistake(
    key,
    `is in a namespace that nothing here reads (${[namespace, ...namespacesOfOthers].join(", ")} are read)`,
    known === undefined ? "remove it" : `write \`${namespace}:${known}\``,
  );
}

/**
 * Tells the settings of this program from those of others.
 *
 * @param all by name with namespace
 * @param names of the settings that there are
 */
export function ownSettings<Value>(
  all: Record<string, Value>,
  names: readonly string[] = [],
): OwnSettings<Value> {
  const found: OwnSettings<Value> = { own: {}, mistakes: [] };
  const nearly: Record<string, Value> = {};
  for (const [key, value] of Object.entries(all)) {
    const [, space, name = ""] = /^(?:([^:]*):)?(.*)$/s.exec(key) ?? [];
    if (space === namespace) found.own[name] = value;
    else if (space === undefined || !namespacesOfOthers.includes(space)) {
      found.mistakes.push(strange(key, name, names));
      if (names.includes(name)) nearly[name] = value;
    }
  }
  return { ...found, own: { ...nearly, ...found.own } };
}

/**
 * The settings in the text of a stack's file: by name without the namespace, as text, lists and objects as JSON.
 *
 * @param file its name, for messages
 * @param names of the settings that there are
 * @throws SettingsError if it is no file of settings
 */
export function settingsText(
  written: string,
  file: string,
  names: readonly string[] = [],
): OwnSettings<string> {
  const { own, mistakes } = ownSettings(configOf(written, file), names);
  return {
    own: Object.fromEntries(Object.entries(own).map(([name, value]) => [name, text(value)])),
    mistakes,
  };
}
