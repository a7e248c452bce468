import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { parse, YAMLError } from "yaml";
import { namespace, parseSettings, type Settings, SettingsError } from ".";
import { encrypted } from "./hosts";
import { keyMistakes } from "./key-files";

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
  let content: unknown;
  try {
    content = parse(written);
  } catch (error) {
    if (!(error instanceof YAMLError)) throw error;
    throw new SettingsError([`${basename(file)} is not YAML: ${error.message.trim()}`]);
  }
  const config = isTable(content) ? (content.config ?? {}) : content === null ? {} : undefined;
  if (!isTable(config))
    throw new SettingsError([
      `\`config\` in ${basename(file)} must be settings by name, such as \`${namespace}:vip\``,
    ]);
  const bare = Object.keys(config).filter((key) => !key.includes(":"));
  if (bare.length > 0)
    throw new SettingsError(
      bare.map((key) => `\`${key}\` must be written \`${namespace}:${key}\`, with its namespace`),
    );
  return config;
}

/** The settings in a Pulumi.<stack>.yaml as text, as Pulumi gives them to the program. */
function rawSettings(written: string, file: string): Record<string, string> {
  const prefix = `${namespace}:`;
  return Object.fromEntries(
    Object.entries(configOf(written, file))
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, value]) => [key.slice(prefix.length), text(value)]),
  );
}

/** The defaults in Pulumi.yaml beside a stack's file. */
function projectDefaults(file: string): Record<string, string> {
  const project = parse(readFileSync(join(dirname(file), "Pulumi.yaml"), "utf8")) as {
    config?: Record<string, { default?: unknown }>;
  };
  return Object.fromEntries(
    Object.entries(project.config ?? {})
      .filter(([, declared]) => declared.default !== undefined)
      .map(([name, declared]) => [name, text(declared.default)]),
  );
}

/**
 * Checks the text of a stack's file.
 *
 * @param file where it is, or is to be: a Pulumi.<stack>.yaml with Pulumi.yaml beside it
 * @throws SettingsError with every mistake found
 */
export function checkSettingsText(written: string, file: string): Settings {
  const settings = parseSettings({ ...projectDefaults(file), ...rawSettings(written, file) });
  const mistakes = keyMistakes(settings.nodes);
  if (mistakes.length > 0) throw new SettingsError(mistakes);
  return settings;
}

/**
 * Reads and checks a stack's settings before Pulumi runs, so that a mistake costs a second and not a lab.
 *
 * @param file a Pulumi.<stack>.yaml with Pulumi.yaml beside it
 * @throws SettingsError with every mistake found; an Error if a file is missing
 */
export const checkSettingsFile = (file: string): Settings =>
  checkSettingsText(readFileSync(file, "utf8"), file);
