import { readFileSync, statSync } from "node:fs";
import { basename } from "node:path";
import { parseSettings, type Settings, SettingsError, settingNames } from ".";
import { clearSecretMistakes } from "./clear-secrets";
import { keyRules } from "./key-files";
import { stackOfFile, type WrittenSettings, writtenSettings } from "./stack-file";

/** What is larger is not even read; how large a file may be, stack-yaml.ts says. */
const mostBytes = 4 * 1024 * 1024;

function checkedSettings({ own, mistakes, unread }: WrittenSettings, stack: string): Settings {
  const settings = parseSettings(own, { mistakes, unread, rules: keyRules });
  const inClear = clearSecretMistakes(settings, stack);
  if (inClear.length > 0) throw new SettingsError(inClear);
  return settings;
}

/**
 * Checks the text of a stack's file.
 *
 * @param file where it is, or is to be: a Pulumi.<stack>.yaml
 * @throws SettingsError with every mistake found, each with its line
 */
export function checkSettingsText(written: string, file: string): Settings {
  const found = writtenSettings(written, file, settingNames);
  try {
    return checkedSettings(found, stackOfFile(file));
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    const placed = error.mistakes.map((each) => ({ ...each, line: each.line ?? found.lineOf(each.path) }));
    // In the order in which the file is read; what has no line is about all of it.
    throw new SettingsError(placed.sort((one, other) => (one.line ?? 0) - (other.line ?? 0)));
  }
}

/**
 * Reads and checks a stack's settings before Pulumi runs, so that a mistake costs a second and not a lab.
 *
 * @param file a Pulumi.<stack>.yaml
 * @throws SettingsError with every mistake found; an Error if the file is missing
 */
export function checkSettingsFile(file: string): Settings {
  if (statSync(file).size > mostBytes)
    throw new SettingsError([
      {
        path: "",
        subject: basename(file),
        rule: "is too large for a stack's file",
        wayOut: "see what it is",
      },
    ]);
  return checkSettingsText(readFileSync(file, "utf8"), file);
}
