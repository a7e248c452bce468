import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { test } from "node:test";
import ts from "typescript";
import { packageRoot } from "../../local/root";

/* A file says one thing, and a function can be seen at once. (Those of Python: test/agent.) */

const longestFile = 300;
const longestFunction = 60;

/** Those that are still longer, each to be split by whoever works there next; a new one is refused, and so is one that is here in vain. */
const known = {
  files: [] as string[],
  functions: [
    "lab/plugins/docker/container.ts",
    "lab/plugins/docker/volume.ts",
    "lab/plugins/serve.ts",
    "local/run.ts",
    "providers/nfs/ganesha.ts",
    "providers/nfs/kernel.ts",
    "providers/remote/dial.ts",
  ],
};

const passing = new Set([
  ".git",
  "node_modules",
  "dist",
  "docs",
  "test",
  ".mypy_cache",
  ".ruff_cache",
  "__pycache__",
]);

const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return passing.has(entry.name) ? [] : filesBelow(path);
    return entry.isFile() ? [path] : [];
  });

const isSource = (path: string, text: string): boolean =>
  /\.(ts|mjs|cjs|py|sh|bash)$/.test(path) || /^#!.*\b(ba)?sh\b/.test(text);

const linesOf = (text: string): number => text.split("\n").length - 1;

/** Functions that are too long: `name, N lines`. */
function longFunctions(path: string, text: string): string[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest);
  const found: string[] = [];
  const lineOf = (position: number): number => file.getLineAndCharacterOfPosition(position).line;
  const walk = (node: ts.Node): void => {
    const count = lineOf(node.getEnd()) - lineOf(node.getStart(file)) + 1;
    if (ts.isFunctionLike(node) && "body" in node && node.body && count > longestFunction)
      found.push(`${path}:${lineOf(node.getStart(file)) + 1}: ${count} lines`);
    ts.forEachChild(node, walk);
  };
  walk(file);
  return found;
}

const sources = filesBelow(packageRoot)
  .map((path) => ({ path: relative(packageRoot, path), text: readFileSync(path, "utf8") }))
  .filter(({ path, text }) => isSource(path, text));

test("the sources are found", () => {
  const paths = sources.map(({ path }) => path);
  for (const one of [
    "index.ts",
    "cli/bootstrap.mjs",
    "node/agent/loop.py",
    "node/drill/sampler",
    "local/tied.sh",
  ])
    assert.ok(paths.includes(one), `${one} is not among ${paths.length} files`);
});

test(`no source file has more than ${longestFile} lines`, () => {
  const long = sources.flatMap(({ path, text }) => (linesOf(text) > longestFile ? [path] : []));
  assert.deepEqual(long.sort(), known.files);
});

test(`no TypeScript function has more than ${longestFunction} lines`, () => {
  const typeScript = sources.filter(({ path }) => path.endsWith(".ts"));
  const long = typeScript.flatMap(({ path, text }) => longFunctions(path, text));
  const files = [...new Set(long.map((each) => each.replace(/:.*/, "")))];
  assert.deepEqual(files.sort(), known.functions, long.join("\n"));
});

test("a function that is too long is found, with what it holds, and one at the bound is not", () => {
  const body = (count: number): string => `function long() {\n${"  f();\n".repeat(count - 2)}}\n`;
  assert.deepEqual(longFunctions("x.ts", `${body(longestFunction)}${body(longestFunction + 1)}`), [
    "x.ts:61: 61 lines",
  ]);
  const arrow = `const a = {\n  b: () => {\n${"    f();\n".repeat(longestFunction)}  },\n};\n`;
  assert.deepEqual(longFunctions("x.ts", arrow), ["x.ts:2: 62 lines"]);
});
