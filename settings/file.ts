import { readFileSync, statSync } from "node:fs";
import { basename } from "node:path";
import { type Mistake, mistake } from "../domain/mistake";
import { partsOfPath } from "../domain/setting-path";
import { namespace, parseSettings, type Settings, SettingsError, settingNames } from ".";
import { clearSecretMistakes, secretPaths } from "./clear-secrets";
import { keyRules } from "./key-files";
import { stackOfFile, type WrittenSettings, writtenSettings } from "./stack-file";
import { type Told, withTold } from "./told";

/** What is larger is not even read; how large a file may be, stack-yaml.ts says. */
const mostBytes = 4 * 1024 * 1024;

/** Where settings come from beside a stack's file. */
export interface Further {
  /** The stack's name; default: the one that the file is named after. */
  stack?: string;
  /** What `--config` gives, by name: it wins over the file. */
  given?: Readonly<Record<string, string>>;
  /** What Pulumi reads, where the file alone does not say it: by name with namespace. */
  told?: Told;
}

const inArguments = (path: string): Mistake =>
  mistake(
    path,
    "is a secret, and every user of this machine sees what `--config` gives",
    `\`pulumi config set --secret --path '${namespace}:${path}'\` asks for it, and encrypts it`,
  );

function checkedSettings(
  { own, mistakes, unread }: WrittenSettings,
  stack: string,
  {
    given = {},
    hidden = [],
  }: { given?: Readonly<Record<string, string>> | undefined; hidden?: readonly string[] },
): Settings {
  const settings = parseSettings(own, { mistakes, unread, rules: keyRules });
  const top = (path: string): string => String(partsOfPath(path)[0]);
  const shown = secretPaths(settings).filter((path) => Object.hasOwn(given, top(path)));
  const inClear = clearSecretMistakes(settings, stack).filter(
    ({ path }) => !hidden.includes(top(path)) && !shown.includes(path),
  );
  const all = [...shown.map(inArguments), ...inClear];
  if (all.length > 0) throw new SettingsError(all);
  return settings;
}

/**
 * Checks the text of a stack's file, and what is said beside it.
 *
 * @param file where it is, or is to be: a Pulumi.<stack>.yaml
 * @throws SettingsError with every mistake found, each with its line
 */
export function checkSettingsText(written: string, file: string, further: Further = {}): Settings {
  const { stack = stackOfFile(file), given = {}, told } = further;
  const inFile = writtenSettings(written, file, settingNames);
  const { found, hidden } = told ? withTold(inFile, told) : { found: inFile, hidden: [] };
  // Maps: `__proto__` is a name like any other.
  const own = Object.fromEntries([...Object.entries(found.own), ...Object.entries(given)]);
  try {
    return checkedSettings({ ...found, own }, stack, { given, hidden });
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    const placed = error.mistakes.map((each) => {
      const name = String(partsOfPath(each.path)[0]);
      const isElsewhere =
        Object.hasOwn(given, name) || (told && Object.hasOwn(own, name) && !Object.hasOwn(inFile.own, name));
      return { ...each, line: each.line ?? (isElsewhere ? undefined : found.lineOf(each.path)) };
    });
    // In the order in which the file is read; what has no line is about all of it.
    throw new SettingsError(placed.sort((one, other) => (one.line ?? 0) - (other.line ?? 0)));
  }
}

/**
 * The text of a stack's file.
 *
 * @throws SettingsError if it is too large for one; an Error if it is missing
 */
export function settingsFileText(file: string): string {
  if (statSync(file).size <= mostBytes) return readFileSync(file, "utf8");
  throw new SettingsError([
    {
      path: "",
      subject: basename(file),
      rule: "is too large for a stack's file",
      wayOut: "see what it is",
    },
  ]);
}

/**
 * Reads and checks a stack's settings before Pulumi runs, so that a mistake costs a second and not a lab.
 *
 * @param file a Pulumi.<stack>.yaml
 * @throws SettingsError with every mistake found; an Error if the file is missing
 */
export const checkSettingsFile = (file: string): Settings => checkSettingsText(settingsFileText(file), file);
