import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../local/root";

/* Stacks to begin with: folders of examples/ with a stack's file of the same name. */

const folder = join(packageRoot, "examples");

const fileOf = (name: string): string => join(folder, name, `Pulumi.${name}.yaml`);

/** Their names, in order. */
export const exampleNames = (): string[] =>
  readdirSync(folder)
    .filter((name) => existsSync(fileOf(name)))
    .sort();

/** An example's file. */
export const exampleText = (name: string): string => readFileSync(fileOf(name), "utf8");

/** What it is: the first sentence of its file. */
export const exampleTitle = (name: string): string =>
  /^# (?!yaml-language-server)([^.\n]+)\./m.exec(exampleText(name))?.[1] ?? name;
