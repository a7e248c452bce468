import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { test } from "node:test";
import { packageRoot } from "../../local/root";

const folders = [...["node", "lab", "local", "test"]];

/** Every shell script of the project: what begins as one, and what such scripts read. */
const scripts = folders
  .flatMap((folder) => readdirSync(join(packageRoot, folder), { withFileTypes: true, recursive: true }))
  .filter((entry) => entry.isFile() && !/\.(ts|mjs|cjs)$/.test(entry.name))
  .map((entry) => join(entry.parentPath, entry.name))
  .filter((file) => /\.(ba)?sh$/.test(file) || /^#!.*\b(ba)?sh\b/.test(readFileSync(file, "utf8")))
  .map((file) => relative(packageRoot, file));

test("the scripts are found", () => {
  for (const one of ["node/host/start-agent", "node/lib/settings.bash", "node/host/files.sh"])
    assert.ok(scripts.includes(one), `${one} is not among ${scripts.join(", ")}`);
});

for (const script of scripts)
  test(`shellcheck ${script}`, () => {
    const bash = script.endsWith(".bash") ? ["--shell=bash"] : [];
    const { status, stdout, stderr, error } = spawnSync("shellcheck", ["-x", ...bash, script], {
      cwd: packageRoot,
      encoding: "utf8",
    });
    assert.equal(error, undefined);
    assert.equal(status, 0, stdout + stderr);
  });
