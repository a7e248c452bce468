import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { packageRoot } from "../../local/root";
import { checkSettingsFile } from "../../settings/file";

/* The stacks' files among the examples: the settings take them as they are. */

const examples = join(packageRoot, "examples");
const isStackFile = /(^|\/)Pulumi\.[a-z0-9-]+\.yaml$/;
const files = readdirSync(examples, { recursive: true })
  .map(String)
  .filter((file) => isStackFile.test(file));

describe("the stacks among the examples", () => {
  test("are there", () => assert.ok(files.includes("gitea/Pulumi.gitea.yaml")));
  for (const file of files)
    test(`${file} has no mistake`, () => assert.doesNotThrow(() => checkSettingsFile(join(examples, file))));
});
