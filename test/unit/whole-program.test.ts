import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { packageRoot } from "../../local/root";

/** Runs a program whose last output is a promise's; its exit code and what it says. */
function ends(promise: string): { status: number | null; stderr: string } {
  const module = join(packageRoot, "dist/local/pulumi/whole-program.js");
  const program = `require(${JSON.stringify(module)}).mustEndWhole({ promise: () => ${promise} })`;
  const { status, stderr } = spawnSync(process.execPath, ["-e", program], { encoding: "utf8" });
  return { status, stderr };
}

test("a program whose outputs are known ends well", () => {
  assert.deepEqual(ends("Promise.resolve()"), { status: 0, stderr: "" });
  assert.deepEqual(ends("new Promise((resolve) => setTimeout(resolve, 50))"), { status: 0, stderr: "" });
});

test("a program that runs out of work before is a failure, which deletes nothing", () => {
  const { status, stderr } = ends("new Promise(() => {})");
  assert.equal(status, 1);
  assert.match(stderr, /ended before all was declared/);
});

test("an output that fails is Pulumi's to tell", () => {
  assert.deepEqual(ends("Promise.reject(new Error())"), { status: 0, stderr: "" });
});

test("a connection that broke, of which Pulumi says nothing, is a failure", () => {
  for (const code of [1, 14])
    assert.equal(ends(`Promise.reject(Object.assign(new Error(), { code: ${code} }))`).status, 1);
});
