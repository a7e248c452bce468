import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { test } from "node:test";
import ts from "typescript";
import { nodeStream } from "../../cli/logs/node-stream";
import { packageRoot } from "../../local/root";
import { run } from "../../local/run";
import { spawnTied } from "../../local/tied";
import { newKeyPair } from "../../providers/vagrant/keys";
import { putScript, temporaryFolder, withEnvironment } from "./cli-support";

/* Programs of others get a list of variables (local/child-environment.ts), and none of the user's tokens. */

const planted = {
  PULUMI_CONFIG_PASSPHRASE: "planted-1",
  PULUMI_ACCESS_TOKEN: "planted-2",
  AWS_SECRET_ACCESS_KEY: "planted-3",
  GITHUB_TOKEN: "planted-4",
  MY_PASSWORD: "planted-5",
};

const mustBeClean = (environment: string, who: string): void => {
  assert.match(environment, /^PATH=/m, `${who} did not say what it has`);
  assert.doesNotMatch(environment, /planted-\d/, who);
};

test("a program that is run, tied to this one, or makes keys sees no token", async (t) => {
  const folder = temporaryFolder(t);
  const seen = join(folder, "seen");
  // In place of OpenSSH's own.
  putScript(join(folder, "ssh-keygen"), [
    `env >'${seen}'; for last; do :; done; echo private >"$last"; echo public >"$last.pub"`,
  ]);
  const ssh = putScript(join(folder, "ssh"), [`env >'${seen}'`]);
  withEnvironment(t, { ...planted, PATH: `${folder}:${process.env.PATH}` });

  mustBeClean((await run("env", [])).stdout, "run");
  assert.match((await run("env", [], { env: { ...planted, PATH: "/usr/bin:/bin" } })).stdout, /planted-1/);

  const child = spawnTied("env", [], { stdio: ["ignore", "pipe", "ignore"] });
  let text = "";
  child.stdout?.setEncoding("utf8").on("data", (part: string) => {
    text += part;
  });
  await once(child, "close");
  mustBeClean(text, "spawnTied");

  newKeyPair("one");
  mustBeClean(readFileSync(seen, "utf8"), "ssh-keygen");

  const node = {
    name: "one",
    address: "127.0.0.1",
    user: "me",
    port: 1,
    keyFile: "k",
    knownHostsFile: "h",
    hostKey: "",
  };
  await nodeStream(node, { seconds: 1, follow: false }, () => {}, ssh).ended.catch(() => {});
  mustBeClean(readFileSync(seen, "utf8"), "ssh");
});

/** Where programs are started with all variables: see local/child-environment.ts for why. */
const whole = new Set([
  // Go, npm and pip: where packages come from is said by variables of theirs.
  ...["local/toolchain/build.ts", "cli/bootstrap.mjs", "cli/test/python.ts", "cli/test/languages.ts"],
  // `pulumi`, and this program itself.
  ...[
    "local/toolchain/environment.ts",
    "lab/environment.ts",
    "cli/test/test-run.ts",
    "cli/page/stack-orders.ts",
  ],
]);

const sources = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    // Tests, and what only they start.
    if (entry.isDirectory())
      return /^(node_modules|dist|test|drill\/rig|\..*)$/.test(relative(packageRoot, path))
        ? []
        : sources(path);
    return /\.(ts|mjs|cjs)$/.test(entry.name) ? [path] : [];
  });

const starters = new Set(["spawn", "spawnSync", "execFile", "execFileSync", "fork"]);

/** The calls in a file that start a program and say nothing of its environment. */
function careless(path: string): string[] {
  const file = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest);
  const found: string[] = [];
  const names = (node: ts.Expression | undefined): boolean =>
    node !== undefined &&
    ts.isObjectLiteralExpression(node) &&
    node.properties.some((each) => each.name !== undefined && each.name.getText(file) === "env");
  const walk = (node: ts.Node): void => {
    if (
      ts.isCallExpression(node) &&
      starters.has(node.expression.getText(file)) &&
      !names(node.arguments.at(-1))
    )
      found.push(
        `${relative(packageRoot, path)}:${file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1}`,
      );
    ts.forEachChild(node, walk);
  };
  walk(file);
  return found;
}

test("every start of a program says what it gets, and all variables only where it must", () => {
  const all = sources(packageRoot);
  assert.ok(all.length > 300);
  const unsaid = all.filter((path) => !whole.has(relative(packageRoot, path))).flatMap(careless);
  assert.deepEqual(unsaid, []);
  const open = all
    .filter((path) => /(\.\.\.process\.env\b|\benv: process\.env\b)/.test(readFileSync(path, "utf8")))
    .map((path) => relative(packageRoot, path))
    .filter((path) => !whole.has(path));
  assert.deepEqual(open, []);
});
