import assert from "node:assert/strict";
import { cpSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { packageRoot } from "../../local/root";
import { put, temporaryFolder } from "./cli-support";

interface Modules {
  current: typeof import("../../providers/current").current;
  rule: { sources(root: string): object; confirm(root: string, built: object): void };
}

test("a provider does not work while its compiled code is older than its sources, and looks once", (t) => {
  // A package of its own, with just the code that looks.
  const root = temporaryFolder(t);
  for (const file of ["package.json", "tsconfig.json", "local/freshness.cjs"])
    cpSync(join(packageRoot, file), join(root, file));
  for (const file of ["providers/current", "local/toolchain/freshness", "local/root", "local/called"])
    cpSync(join(packageRoot, "dist", `${file}.js`), join(root, "dist", `${file}.js`));
  const source = put(join(root, "a.ts"), "one");
  const load = createRequire(join(root, "package.json"));
  const { current } = load("./dist/providers/current.js") as Modules;
  const rule = load("./local/freshness.cjs") as Modules["rule"];
  const provider = current(() => ({ read: () => "read" }));

  rule.confirm(root, rule.sources(root));
  writeFileSync(source, "another");
  assert.throws(() => provider.read(), /a\.ts has changed\): run `npm run build` first/);
  rule.confirm(root, rule.sources(root));
  assert.equal(provider.read(), "read");
  writeFileSync(source, "a third");
  assert.equal(provider.read(), "read");
});
