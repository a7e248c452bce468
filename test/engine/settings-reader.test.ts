import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { mustEndWell, TestStack } from "../../drill/rig/vagrant/test-stack";
import { settingsText } from "../../settings/stack-file";
import { readAlike } from "../unit/pulumi-reads";

/** Objects with their names in order, so that texts can be compared. */
function sorted(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" ? value : text;
  } catch {
    return text;
  }
}

test("what the settings' reader accepts is what Pulumi gives to the program", async (t) => {
  const stack = await TestStack.make("reads");
  t.after(() => stack.close());
  // Those with secrets need a key; what is encrypted no reader without it can compare.
  const values = readAlike.filter((value) => !value.includes("secure"));
  const text = `config:\n${values.map((value, i) => `  ha-rancher:a${i}: ${value}\n`).join("")}`;
  writeFileSync(join(stack.folder, "Pulumi.reads.yaml"), text);
  const told = mustEndWell(await stack.pulumi("config", "--json"));
  const read = JSON.parse(told.slice(told.indexOf("{"))) as Record<string, { value: string }>;
  const own = settingsText(text, "Pulumi.reads.yaml");
  for (const [i, value] of values.entries())
    assert.deepEqual(
      sorted(own[`a${i}`] ?? "none"),
      sorted(read[`ha-rancher:a${i}`]?.value ?? "none"),
      value,
    );
});
