import { isDeepStrictEqual } from "node:util";
import { type Mistake, mistake } from "../domain/mistake";
import { ownSettings } from "./own-settings";
import { settingNames } from "./schema";
import type { WrittenSettings } from "./stack-file";

/*
 * What Pulumi reads as a stack's settings: its file, and beside it environments (ESC), which only Pulumi can open. The file is
 * read here as well: it has the lines of mistakes, and what the two read differently is refused.
 */

/** The output of `pulumi config --json`: values by name with namespace. Secrets have none until they are asked for. */
export type Told = Readonly<Record<string, { value?: string; secret?: boolean }>>;

/** A value whatever the order of its names is. */
function meaning(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" ? value : text;
  } catch {
    return text;
  }
}

const readOtherwise = (name: string): Mistake =>
  mistake(name, "is another value for Pulumi than it looks like", "write it in quotes");

interface WithTold {
  found: WrittenSettings;
  /** Names of settings that are secret there: none of them stands in clear in a file. */
  hidden: string[];
}

/** The settings of a file completed by what Pulumi knows beside it. */
export function withTold(inFile: WrittenSettings, told: Told): WithTold {
  const { own, mistakes } = ownSettings(told, settingNames);
  const hidden: string[] = [];
  const different: Mistake[] = [];
  const elsewhere = Object.entries(own).flatMap(([name, { value, secret = false }]): [string, string][] => {
    const written = Object.hasOwn(inFile.own, name) ? inFile.own[name] : undefined;
    if (written !== undefined) {
      const isOther = value !== undefined && !secret && !isDeepStrictEqual(meaning(written), meaning(value));
      if (isOther) different.push(readOtherwise(name));
      return [];
    }
    if (secret) hidden.push(name);
    return value === undefined ? [] : [[name, value]];
  });
  const strange = mistakes.filter(({ path }) => !inFile.mistakes.some((each) => each.path === path));
  const found = {
    ...inFile,
    own: Object.fromEntries([...elsewhere, ...Object.entries(inFile.own)]),
    mistakes: [...inFile.mistakes, ...strange, ...different],
  };
  return { found, hidden };
}

/** Names of settings, with namespace, that are secret somewhere within: each must be asked for, or it could not be checked. */
export const toOpen = (told: Told): string[] =>
  Object.entries(told).flatMap(([key, { value, secret }]) => (secret && value === undefined ? [key] : []));

/** What a stack's file imports from elsewhere (`environment:`), which only Pulumi can read. */
export const importsEnvironments = (written: string): boolean => /^["']?environment["']?\s*:/m.test(written);
