import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { packageRoot } from "../../local/root";
import { projectFile, withSettingsTable } from "../../settings/declared";
import { stackFileSchema } from "../../settings/json-schema";

const present = (file: string): string => readFileSync(join(packageRoot, file), "utf8");

/** The files that are made from the declarations of the settings: their text by path below the package's root. */
export function generated(): Record<string, string> {
  return {
    "docs/settings.md": withSettingsTable(present("docs/settings.md")),
    "Pulumi.yaml": projectFile(present("Pulumi.yaml")),
    "settings/stack.schema.json": `${JSON.stringify(stackFileSchema(), undefined, 2)}\n`,
  };
}

/** Writes the JSON schema of stack files, the typed `config:` of Pulumi.yaml, and the table of settings. */
export function writeSchema(): void {
  for (const [name, content] of Object.entries(generated())) {
    const file = join(packageRoot, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
    process.stdout.write(`${name} written\n`);
  }
}
