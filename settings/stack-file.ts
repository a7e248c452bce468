import { basename } from "node:path";
import { type Mistake, mistake } from "../domain/mistake";
import { type PathPart, partsOfPath } from "../domain/setting-path";
import { encrypted } from "./encrypted";
import { SettingsError } from "./error";
import { namespace, type OwnSettings, ownSettings } from "./own-settings";
import { readYaml } from "./stack-yaml";

/*
 * Reads a stack's file, Pulumi.<stack>.yaml, as Pulumi gives its settings to a program: by name, as text. Loads nothing
 * that checks settings, since each process of the policy pack reads a stack's file, too.
 */

/** The stack's name from its file: `dev` for Pulumi.dev.yaml. */
export const stackOfFile = (file: string): string => basename(file).replace(/^Pulumi\.(.+)\.yaml$/, "$1");

/**
 * With a stand-in for every value that only Pulumi can decrypt: `{secure: TEXT}`. Pulumi takes that for a value of its own
 * whatever else it holds, so that anything but a text there is refused by what the setting must be.
 */
function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value);
  if (entries.length === 1 && entries[0]?.[0] === "secure" && typeof entries[0][1] === "string")
    return encrypted;
  return Object.fromEntries(entries.map(([name, inner]) => [name, withoutSecrets(inner)]));
}

const text = (given: unknown): string => {
  const value = withoutSecrets(given);
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
};

const isTable = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What a file says under `config`, by name with namespace. */
function configOf(content: unknown, named: string): Record<string, unknown> {
  const config = isTable(content) ? (content.config ?? {}) : content === null ? {} : undefined;
  if (!isTable(config))
    throw new SettingsError([
      mistake("config", `in ${named} must be settings by name, such as \`${namespace}:vip\``),
    ]);
  return config;
}

/** The settings of a stack's file as text, and where each stands. */
export interface WrittenSettings extends OwnSettings<string> {
  /** What could not be read, and is not among the settings. */
  unread: Mistake[];
  /** The line of a setting by its path, such as `nodes[1].address`; of what is around it if it is not there itself. */
  lineOf: (path: string) => number | undefined;
}

/** `["config", "ha-rancher:nodes", 1, "address"]` for `nodes[1].address`. */
function placeOf(path: string): PathPart[] {
  const [name = "", ...rest] = partsOfPath(path);
  return ["config", `${namespace}:${name}`, ...rest];
}

/**
 * Reads the text of a stack's file.
 *
 * @param file its name, for messages
 * @param names of the settings that there are
 * @throws SettingsError if it is no file of settings
 */
export function writtenSettings(
  written: string,
  file: string,
  names: readonly string[] = [],
): WrittenSettings {
  const named = basename(file);
  const { content, mistakes: unread, lineOf } = readYaml(written, named);
  // What is wrong around all settings leaves none to judge.
  if (unread.length > 0 && !(isTable(content) && isTable(content.config))) throw new SettingsError(unread);
  const config = configOf(content, named);
  const { own, mistakes } = ownSettings(config, names);
  return {
    own: Object.fromEntries(
      Object.entries(own).flatMap(([name, value]) => (value === undefined ? [] : [[name, text(value)]])),
    ),
    mistakes,
    unread,
    lineOf: (path) => lineOf(Object.hasOwn(config, path) ? ["config", path] : placeOf(path)),
  };
}

/**
 * The settings alone, as {@link writtenSettings} gives them.
 *
 * @throws SettingsError if Pulumi may read any of them in another way
 */
export function settingsText(written: string, file: string): Record<string, string> {
  const { own, unread } = writtenSettings(written, file);
  if (unread.length > 0) throw new SettingsError(unread);
  return own;
}
