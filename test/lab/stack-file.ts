import { copyFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseDocument } from "yaml";
import { packageRoot } from "../../local/root";
import { stack } from "./command";

/** The settings of the stack that a lab's test makes: those of `dev`, and what the test changes in them. */
const file = join(packageRoot, `Pulumi.${stack}.yaml`);

export function writeStackFile(): void {
  copyFileSync(join(packageRoot, "Pulumi.dev.yaml"), file);
  // An emulated processor is a thread here. With one a machine no time is lost on keeping them in step.
  set({ cpus: 1 });
}

/** Writes the file of one of examples/, and what the test changes in it. */
export function useExample(name: string, settings: Record<string, unknown>): void {
  copyFileSync(join(packageRoot, "examples", name, `Pulumi.${name}.yaml`), file);
  set(settings);
}

export const removeStackFile = (): void => rmSync(file, { force: true });

/** Gives a function that makes the file what it is now. */
export function remembered(): () => void {
  const text = readFileSync(file, "utf8");
  return () => writeFileSync(file, text);
}

/** Sets settings, by their paths with dots, such as `nodes.1.priority`; undefined takes one out. */
export function set(settings: Record<string, unknown>): void {
  const document = parseDocument(readFileSync(file, "utf8"));
  for (const [name, value] of Object.entries(settings)) {
    const path = ["config", ...`ha-rancher:${name}`.split(".")];
    if (value === undefined) document.deleteIn(path);
    else document.setIn(path, value);
  }
  writeFileSync(file, document.toString({ lineWidth: 0 }));
}
