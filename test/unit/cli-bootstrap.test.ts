import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
} from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { packageRoot } from "../../local/root";
import { put, putScript, temporaryFolder } from "./cli-support";

interface Scene {
  root: string;
  /** How often the compiler and npm ran. */
  ran(what: "tsc" | "npm"): number;
  start(options?: Start): Promise<Result>;
}

interface Start {
  file?: string;
  args?: string[];
  cwd?: string;
  env?: NodeJS.ProcessEnv;
}

interface Result {
  code: number;
  stdout: string;
  stderr: string;
}

const lateModules = "local/toolchain/launchers/late-modules.cjs";

/** A package of its own with our bootstrap, a compiler that copies .ts to .js, and one source. */
function scene(t: TestContext): Scene {
  const root = temporaryFolder(t);
  const log = put(join(root, "log"), "");
  for (const folder of ["cli", "local/toolchain/launchers"])
    mkdirSync(join(root, folder), { recursive: true });
  for (const name of ["cli/bootstrap.mjs", "local/freshness.cjs", lateModules]) {
    copyFileSync(join(packageRoot, name), join(root, name));
  }
  put(join(root, "tsconfig.json"), "{}");
  put(join(root, "package.json"), "{}");
  put(
    join(root, "cli", "main.ts"),
    "exports.main = async (argv) => { console.log(JSON.stringify({ argv, cwd: process.cwd() })); };",
  );
  put(
    join(root, "node_modules", "typescript", "bin", "tsc"),
    `const fs = require("node:fs"), path = require("node:path");
     fs.appendFileSync(${JSON.stringify(log)}, "tsc\\n");
     const root = process.argv[3];
     for (const name of fs.readdirSync(path.join(root, "cli")).filter((name) => name.endsWith(".ts"))) {
       const text = fs.readFileSync(path.join(root, "cli", name), "utf8");
       fs.mkdirSync(path.join(root, "dist", "cli"), { recursive: true });
       fs.writeFileSync(path.join(root, "dist", "cli", name.replace(".ts", ".js")), text);
       if (text.includes("MISTAKE")) { console.log(name + ": a mistake"); process.exitCode = 2; }
     }
     if (process.env.SLOW) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);`,
  );
  return {
    root,
    ran: (what) =>
      readFileSync(log, "utf8")
        .split("\n")
        .filter((line) => line === what).length,
    start: ({ file = join(root, "cli", "bootstrap.mjs"), args = ["x"], cwd = root, env = {} } = {}) =>
      new Promise((resolve) => {
        const options = {
          cwd,
          env: { ...process.env, npm_execpath: "", XDG_CACHE_HOME: join(root, "cache"), ...env },
        };
        execFile(process.execPath, [file, ...args], options, (error, stdout, stderr) =>
          resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
        );
      }),
  };
}

test("a clone is compiled, and not again while it is as it was", async (t) => {
  const { start, ran, root } = scene(t);
  const first = await start({ args: ["up", "--stack", "a b"] });
  assert.equal(first.code, 0, first.stderr);
  assert.deepEqual(JSON.parse(first.stdout), { argv: ["up", "--stack", "a b"], cwd: root });
  assert.match(first.stderr, /^compiling .*\ncompiled \(\d/);
  const second = await start();
  assert.equal(second.stderr, "");
  assert.equal(ran("tsc"), 1);
});

test("a source that is changed, new, older or gone is compiled, and what came from it goes", async (t) => {
  const { start, ran, root } = scene(t);
  const extra = join(root, "cli", "extra.ts");
  put(extra, "1");
  await start();
  put(extra, "12");
  assert.match((await start()).stderr, /cli\/extra\.ts has changed/);
  put(join(root, "cli", "more.ts"), "");
  assert.match((await start()).stderr, /cli\/more\.ts is new/);
  utimesSync(extra, 1, 1);
  assert.match((await start()).stderr, /cli\/extra\.ts has changed/);
  rmSync(extra);
  assert.match((await start()).stderr, /cli\/extra\.ts is gone/);
  assert.ok(!existsSync(join(root, "dist", "cli", "extra.js")));
  assert.ok(existsSync(join(root, "dist", "cli", "more.js")));
  for (const name of ["node_modules", "dist", ".hidden"]) put(join(root, name, "no-source.ts"), "");
  assert.equal((await start()).stderr, "");
  assert.equal(ran("tsc"), 5);
});

test("what does not compile never runs, however often it is tried", async (t) => {
  const { start, ran, root } = scene(t);
  await start();
  const bad = put(join(root, "cli", "bad.ts"), "MISTAKE");
  for (let i = 0; i < 2; i += 1) {
    const { code, stdout, stderr } = await start();
    assert.equal(code, 1);
    assert.equal(stdout, "");
    assert.match(stderr, /bad\.ts: a mistake\nha-rancher: the program does not compile/);
  }
  rmSync(bad);
  assert.equal((await start()).code, 0);
  assert.equal(ran("tsc"), 4);
});

test("of two at once one compiles, and the other waits for it", async (t) => {
  const { start, ran } = scene(t);
  const results = await Promise.all([1, 2, 3].map(() => start({ env: { SLOW: "1" } })));
  for (const { code, stderr } of results) assert.equal(code, 0, stderr);
  assert.equal(ran("tsc"), 1);
});

test("the lock of a killed bootstrap does not count", async (t) => {
  const { start, root } = scene(t);
  await start();
  // The lock's name has a hash of the folder in it: let a bootstrap make it, and take the name from there.
  put(join(root, "cli", "main.ts"), "exports.main = async () => {};");
  const started = start({ env: { SLOW: "1" } });
  const folder = join(root, "cache", "ha-rancher");
  let name: string | undefined;
  while (name === undefined) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    name = existsSync(folder) ? readdirSync(folder).find((each) => each.endsWith(".lock")) : undefined;
  }
  await started;
  put(join(folder, name), "999999999");
  put(join(root, "cli", "main.ts"), "exports.main = async () => { /* again */ };");
  const { code, stderr } = await start();
  assert.equal(code, 0, stderr);
  assert.ok(!existsSync(join(folder, name)));
});

test("it works through a symlink and from another folder", async (t) => {
  const { start, root } = scene(t);
  const elsewhere = temporaryFolder(t);
  const file = join(elsewhere, "ha-rancher");
  symlinkSync(join(root, "cli", "bootstrap.mjs"), file);
  const { code, stdout, stderr } = await start({ file, cwd: elsewhere });
  assert.equal(code, 0, stderr);
  assert.equal(JSON.parse(stdout).cwd, elsewhere);
});

test("dependencies are installed when they are missing, or older than another lock file", async (t) => {
  const { start, ran, root } = scene(t);
  const lockFile = put(join(root, "package-lock.json"), "{}");
  const npm = putScript(join(root, "npm", "npm"), [
    `[ -z "$FAIL" ] || { echo "no network" >&2; exit 1; }`,
    `echo npm >> ${root}/log; [ "$1" = ci ] && echo {} > ${root}/node_modules/.package-lock.json`,
  ]);
  const env = { PATH: `${join(npm, "..")}:${process.env.PATH}` };
  const first = await start({ env });
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stderr, /^installing dependencies \(npm ci\)\ndependencies are installed/);
  assert.equal((await start({ env })).stderr, "");
  // Checked out anew, with the same content.
  const later = Date.now() / 1000 + 100;
  utimesSync(lockFile, later, later);
  assert.equal((await start({ env })).stderr, "");
  put(lockFile, '{"another": 1}');
  utimesSync(lockFile, later, later);
  const failed = await start({ env: { ...env, FAIL: "1" } });
  assert.equal(failed.code, 1);
  assert.match(failed.stderr, /no network\nha-rancher: npm ci failed, see above\. Check the network/);
  assert.match((await start({ env })).stderr, /^installing/);
  assert.equal(ran("npm"), 2);
});

test("without npm the error says so", async (t) => {
  const { start, root } = scene(t);
  put(join(root, "package-lock.json"), "{}");
  const { code, stderr } = await start({ env: { PATH: join(root, "none") } });
  assert.equal(code, 1);
  assert.match(stderr, /`npm` is not on PATH.*install npm, then run the same again/);
});

test("an installed package without sources runs as it is, or says that it is broken", async (t) => {
  const { start, ran, root } = scene(t);
  await start();
  rmSync(join(root, "cli", "main.ts"));
  rmSync(join(root, "tsconfig.json"));
  rmSync(join(root, "dist", ".built.json"));
  assert.equal((await start()).code, 0);
  assert.equal(ran("tsc"), 1);
  rmSync(join(root, "dist"), { recursive: true });
  const { code, stderr } = await start();
  assert.equal(code, 1);
  assert.match(stderr, /main\.js is missing: the installation is broken/);
});

test("`build` compiles and runs nothing", async (t) => {
  const { start } = scene(t);
  const { code, stdout, stderr } = await start({ args: ["build"] });
  assert.equal(code, 0);
  assert.equal(stdout, "");
  assert.match(stderr, /compiled/);
});
