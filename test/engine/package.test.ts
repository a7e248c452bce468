import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { after, before, test } from "node:test";
import { TestStack } from "../../drill/rig/vagrant/test-stack";
import { installStandIn, wantedPlugins } from "../../lab/plugins/install";
import { packageRoot } from "../../local/root";
import { tryRun } from "../../local/run";
import { ownOwner, TestServer } from "../unit/remote-server";
import { install, pack, putProgram, type Tarball } from "./installed";

/*
 * What users install: `npm pack`, its tarball installed by npm into an empty program, and that program run by the real
 * Pulumi.
 */

const server = new TestServer();
let stack: TestStack;
let tarball: Tarball;
const installed = (...path: string[]): string => join(stack.folder, "node_modules", "ha-rancher", ...path);

before(async () => {
  await server.start();
  stack = await TestStack.make("package", undefined, join(__dirname, "package-program.js"));
  tarball = await pack(join(stack.folder, "pack"));
  await install(stack.folder, tarball);
  const node = { ssh: server.endpoint, path: server.path("login"), owner: ownOwner() };
  writeFileSync(join(stack.folder, "node.json"), JSON.stringify(node));
});

after(async () => {
  await stack?.close();
  await server.stop();
});

/** Files below folders of the package's root, as paths from there. */
const filesBelow = (...folders: string[]): string[] =>
  folders.flatMap((folder) =>
    readdirSync(join(packageRoot, folder), { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(packageRoot, join(entry.parentPath, entry.name))),
  );

test("it has all that is read at run time, and nothing else", () => {
  const rooms = ["cli", "drill", "lab", "local", "node", "plugin", "policy", "settings", "workloads"];
  const needed = [
    ...filesBelow(...rooms).filter((path) => !/\.ts$|__pycache__/.test(path)),
    // What `new-stack` begins with.
    ...filesBelow("examples").filter((path) => /\/(Pulumi\.[\w-]+\.yaml|README\.md)$/.test(path)),
  ];
  assert.ok(needed.length > 150, `${needed.length}`);
  const packed = new Set(tarball.paths);
  assert.deepEqual(
    needed.filter((path) => !packed.has(path)),
    [],
  );
  const needless =
    /^(test|proof|examples\/(?![\w-]+\/(Pulumi\.[\w-]+\.yaml|README\.md)$)|docs\/drill|dist\/(test|examples|templates)|templates)\/|\.test\.|\.map$|(?<!\.d)\.ts$|__pycache__|(^|\/)\.(built|tsbuild)/;
  assert.deepEqual(
    tarball.paths.filter((path) => needless.test(path)),
    [],
  );
  for (const path of ["README.md", "LICENSE", "CHANGELOG.md", "Pulumi.yaml"])
    assert.ok(packed.has(path), path);
});

interface Manifest {
  exports: Record<string, { types: string; default: string } | string>;
  dependencies: Record<string, string>;
}

test("each entrance has its code and types, and these need nothing that is not installed with it", () => {
  const { exports, dependencies } = JSON.parse(readFileSync(installed("package.json"), "utf8")) as Manifest;
  const seen = new Set<string>();
  const missing: string[] = [];
  const follow = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const [, from = ""] of readFileSync(installed(path), "utf8").matchAll(
      /(?:from |import\()"([^"]+)"/g,
    )) {
      if (from.startsWith(".")) {
        const [next] = [".d.ts", "/index.d.ts"]
          .map((end) => join(dirname(path), from.replace(/\.js$/, "")) + end)
          .filter((file) => tarball.paths.includes(file));
        if (next) follow(next);
        else missing.push(`${path}: ${from}`);
      } else {
        const name = from
          .split("/")
          .slice(0, from.startsWith("@") ? 2 : 1)
          .join("/");
        if (!from.startsWith("node:") && !(name in dependencies)) missing.push(`${path}: ${from}`);
      }
    }
  };
  for (const entrance of Object.values(exports)) {
    if (typeof entrance === "string") continue;
    const names = entrance.default.includes("*") ? readdirSync(installed("dist", "providers")) : [""];
    for (const name of names.filter((each) => !each.includes("."))) {
      require(installed(entrance.default.replace("*", name)));
      follow(entrance.types.slice(2).replace("*", name));
    }
  }
  assert.ok(seen.size > 50, `${seen.size}`);
  assert.deepEqual(missing, []);
});

test("its command line runs from there", async () => {
  const { code, stdout } = await tryRun(
    join(stack.folder, "node_modules", ".bin", "ha-rancher"),
    ["--help"],
    {
      cwd: stack.folder,
      env: stack.env,
    },
  );
  assert.equal(code, 0);
  assert.match(stdout, /A highly available Rancher behind a floating IP/);
});

test("an empty program that installs it: up, nothing to do, refresh, destroy", async () => {
  await stack.mustUp();
  assert.match(readFileSync(server.path("login"), "utf8"), /^[A-Za-z2-9]{16}$/);
  await stack.mustBeUnchanged();
  writeFileSync(server.path("login"), "by hand");
  await stack.mustRefresh();
  await stack.mustUp();
  assert.match(readFileSync(server.path("login"), "utf8"), /^[A-Za-z2-9]{16}$/);
  assert.doesNotMatch(stack.stateText(), new RegExp(stack.folder), "no path of this machine is in the state");
  await stack.mustDestroy();
});

test("the same as an ES module", async () => {
  writeFileSync(
    join(stack.folder, "index.js"),
    `import { Password } from "ha-rancher/providers/password";\nexport const { value } = new Password("one");\n`,
  );
  const file = join(stack.folder, "package.json");
  const manifest = readFileSync(file, "utf8");
  writeFileSync(file, JSON.stringify({ ...JSON.parse(manifest), type: "module" }));
  await stack.mustUp();
  await stack.mustBeUnchanged();
  await stack.mustDestroy();
  writeFileSync(file, manifest);
});

/** Runs the program that is functions, from a folder that has no packages. */
async function inline(folder: string, verb: string, program: string): Promise<Record<string, number>> {
  // The Automation API leaves a folder for each workspace.
  const temporary = join(stack.folder, "temporary");
  mkdirSync(temporary, { recursive: true });
  const { code, stdout, stderr } = await tryRun(
    process.execPath,
    [join(stack.folder, "inline.js"), folder, verb, program],
    { cwd: "/", env: { ...stack.env, TMPDIR: temporary }, timeout: 600_000 },
  );
  assert.equal(code, 0, stdout + stderr);
  return JSON.parse(stdout) as Record<string, number>;
}

test("by the Automation API, the program being a function: up, refresh, destroy", async () => {
  putProgram(stack.folder, "package-inline", "inline.js");
  assert.deepEqual(await inline(stack.folder, "up", "password"), { create: 2 });
  assert.deepEqual(await inline(stack.folder, "refresh", "password"), { same: 2 });
  assert.deepEqual(await inline(stack.folder, "destroy", "password"), { delete: 2 });
});

test("where only the SDK is beside it, as with packages that are linked: found from there", async () => {
  const folder = join(stack.folder, "elsewhere");
  mkdirSync(join(folder, "node_modules", "@pulumi"), { recursive: true });
  symlinkSync(
    join(stack.folder, "node_modules", "@pulumi", "pulumi"),
    join(folder, "node_modules", "@pulumi", "pulumi"),
  );
  assert.deepEqual(await inline(folder, "up", "password"), { create: 2 });
  assert.deepEqual(await inline(folder, "destroy", "password"), { delete: 2 });
});

test("two of the whole in one program, by the Automation API", async () => {
  await Promise.all(wantedPlugins(stack.env).map(installStandIn));
  const { create = 0, ...others } = await inline(stack.folder, "preview", "two");
  assert.deepEqual(others, {});
  // The stack, and twice all of one.
  assert.ok(create > 80 && create % 2 === 1, `${create}`);
});
