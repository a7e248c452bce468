import { basename } from "node:path";
import { parse, YAMLError } from "yaml";
import { mistake } from "../domain/mistake";
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
  const bare = Object.keys(config).filter((key) => !key.includes(":"));
  if (bare.length > 0)
    throw new SettingsError(
      bare.map((key) => mistake(key, `must be written \`${namespace}:${key}\`, with its namespace`)),
    );
  return config;
}

/** The settings among all values of a stack, by name without the namespace. */
export const ownSettings = <Value>(all: Record<string, Value>): Record<string, Value> =>
  Object.fromEntries(
    Object.entries(all)
      .filter(([key]) => key.startsWith(`${namespace}:`))
      .map(([key, value]) => [key.slice(namespace.length + 1), value]),
  );

/**
 * The settings in the text of a stack's file: by name without the namespace, as text, lists and objects as JSON.
 *
 * @param file its name, for messages
 * @throws SettingsError if it is no file of settings
 */
export const settingsText = (written: string, file: string): Record<string, string> =>
  Object.fromEntries(
    Object.entries(ownSettings(configOf(written, file))).map(([name, value]) => [name, text(value)]),
  );
