import { readFileSync } from "node:fs";
import { parseSettings, type Settings, settingNames } from ".";
import { keyRules } from "./key-files";
import { settingsText } from "./stack-file";

/**
 * Checks the text of a stack's file.
 *
 * @param file where it is, or is to be: a Pulumi.<stack>.yaml
 * @throws SettingsError with every mistake found
 */
export function checkSettingsText(written: string, file: string): Settings {
  const { own, mistakes } = settingsText(written, file, settingNames);
  return parseSettings(own, { mistakes, rules: keyRules });
}

/**
 * Reads and checks a stack's settings before Pulumi runs, so that a mistake costs a second and not a lab.
 *
 * @param file a Pulumi.<stack>.yaml
 * @throws SettingsError with every mistake found; an Error if the file is missing
 */
export const checkSettingsFile = (file: string): Settings =>
  checkSettingsText(readFileSync(file, "utf8"), file);
