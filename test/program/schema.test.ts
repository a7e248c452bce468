import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { generated } from "../../cli/actions/schema";
import { packageRoot } from "../../local/root";
import { parseSettings, settingNames } from "../../settings";
import { undescribed } from "../../settings/declared";

test("every setting says what it is", () => {
  assert.deepEqual(
    undescribed(),
    [],
    "declare each of them with `setting(...)` in settings/, then run `npm run schema`",
  );
});

for (const [file, content] of Object.entries(generated()))
  test(`${file} is of the present settings`, () => {
    const present = readFileSync(join(packageRoot, file), "utf8");
    assert.ok(present === content, `${file} is stale: run \`npm run schema\` and commit what it writes`);
  });

test("Pulumi.yaml's defaults are no values of their own", () => {
  const { config } = parse(generated()["Pulumi.yaml"] ?? "") as {
    config: Record<string, { default?: unknown; type: string }>;
  };
  assert.deepEqual(Object.keys(config).sort(), [...settingNames].sort());
  const given = {
    vip: "192.168.56.10/24",
    nodes: JSON.stringify([
      { name: "a", address: "192.168.56.11" },
      { name: "b", address: "192.168.56.12" },
    ]),
  };
  const defaults = Object.fromEntries(
    Object.entries(config).flatMap(([name, { default: value }]) =>
      value === undefined ? [] : [[name, typeof value === "string" ? value : JSON.stringify(value)]],
    ),
  );
  assert.deepEqual(parseSettings({ ...defaults, ...given }), parseSettings(given));
  assert.deepEqual(
    Object.keys(config).filter((name) => config[name]?.default === undefined),
    ["vip", "nodes"],
  );
});
