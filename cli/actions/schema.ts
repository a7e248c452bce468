import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { packageRoot } from "../../local/root";
import { projectFile, stackFileSchema } from "../../settings/json-schema";

/** What is made from the settings' schema, by file below the package's root. */
export function generated(): Record<string, string> {
  const project = readFileSync(join(packageRoot, "Pulumi.yaml"), "utf8");
  return {
    "Pulumi.yaml": projectFile(project),
    "settings/stack.schema.json": `${JSON.stringify(stackFileSchema(), undefined, 2)}\n`,
  };
}

/** Writes the JSON schema of stack files and the typed `config:` of Pulumi.yaml. */
export function writeSchema(): void {
  for (const [name, content] of Object.entries(generated())) {
    const file = join(packageRoot, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
    process.stdout.write(`${name} written\n`);
  }
}
