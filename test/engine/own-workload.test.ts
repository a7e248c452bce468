import assert from "node:assert/strict";
import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { mustEndWell, TestStack } from "../../drill/rig/vagrant/test-stack";
import { installStandIn, wantedPlugins } from "../../lab/plugins/install";
import { packageRoot } from "../../local/root";
import { install, pack } from "./installed";

/*
 * A workload that is no part of the package: the program of docs/adding-a-workload.md, in a folder of its own with the package
 * installed by npm, previewed by the real Pulumi.
 */

const example = join(packageRoot, "examples", "own-workload");
const compiled = join(packageRoot, "dist", "examples", "own-workload");

let stack: TestStack;
before(async () => {
  stack = await TestStack.make("own-workload");
  await install(stack.folder, await pack(join(stack.folder, "pack")));
  for (const name of ["index.js", "redis.js"]) cpSync(join(compiled, name), join(stack.folder, name));
  await Promise.all(wantedPlugins(stack.env).map(installStandIn));
});
after(() => stack?.close());

const sourceOf = (name: string): string => readFileSync(join(example, name), "utf8");

test("it needs what its package.json names, and no more", () => {
  const { dependencies } = JSON.parse(sourceOf("package.json")) as { dependencies: Record<string, string> };
  const imported = readdirSync(example)
    .filter((name) => name.endsWith(".ts"))
    .flatMap((name) => [...sourceOf(name).matchAll(/ from "([^".][^"]*)"/g)].map(([, from = ""]) => from))
    .filter((from) => !from.startsWith("node:"))
    .map((from) => (from.startsWith("@") ? from : from.replace(/\/.*/, "")));
  assert.deepEqual([...new Set(imported)].sort(), Object.keys(dependencies).sort());
});

test("previewed elsewhere: its container, its question, and its password as a secret", async () => {
  mustEndWell(await stack.pulumi("config", "set", "directory", join(stack.folder, "srv")));
  mustEndWell(await stack.pulumi("config", "set", "--secret", "password", "hunter2"));
  const shown = mustEndWell(await stack.pulumi("preview", "--diff"));
  assert.match(shown, /url *: "tcp:\/\/192\.168\.56\.90:6379"/);
  assert.match(shown, /name *: "redis-[0-9a-f]{8}"/);
  assert.match(shown, /redis-cli/);
  assert.match(shown, /ha-rancher:components:HaService/);
  assert.doesNotMatch(shown, /hunter2/);
  assert.doesNotMatch(shown, /rancher\/rancher|bootstrap/i);
});

test("a workload that is wrong is told before anything is made", async () => {
  const file = join(stack.folder, "redis.js");
  const text = readFileSync(file, "utf8");
  writeFileSync(file, text.replace('name: "redis"', 'name: "Redis!"'));
  const { code, text: said } = await stack.pulumi("preview");
  assert.notEqual(code, 0);
  assert.match(said, /`workload\.name` must be a short name of lower-case letters/);
  writeFileSync(file, text);
});

test("the page has the example's code, in less than a hundred lines", () => {
  const page = readFileSync(join(packageRoot, "docs", "adding-a-workload.md"), "utf8");
  assert.ok(page.split("\n").length < 100, `${page.split("\n").length}`);
  const blocks = [...page.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code = ""]) => code);
  assert.equal(blocks.length, 2);
  assert.equal(blocks[0], sourceOf("redis.ts"));
  assert.ok(sourceOf("index.ts").includes(blocks[1] ?? "-"), "index.ts has it");
});
