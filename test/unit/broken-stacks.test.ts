import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { packageRoot } from "../../local/root";
import { tryRun } from "../../local/run";
import { SettingsError } from "../../settings";
import { checkSettingsFile } from "../../settings/file";
import { brokenStacks, goodStack, notYaml } from "./broken-stacks";

/** A setting, or a part of one, in backticks: `nodes[1]` is named by `nodes[1].host` as well. */
const isNamed = (message: string, name: string): boolean =>
  [...message.matchAll(/`([^`]+)`/g)].some(([, said = ""]) => said === name || said.startsWith(`${name}.`));

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), "ha-rancher-broken-"));
  copyFileSync(join(packageRoot, "Pulumi.yaml"), join(folder, "Pulumi.yaml"));
});
after(() => rmSync(folder, { recursive: true, force: true }));

function mistakesOf(text: string): SettingsError | undefined {
  const file = join(folder, "Pulumi.broken.yaml");
  writeFileSync(file, text);
  try {
    checkSettingsFile(file);
  } catch (error) {
    assert.ok(error instanceof SettingsError, `not an error for people: ${(error as Error).stack}`);
    return error;
  }
  return undefined;
}

test("the corpus is of a hundred files and more, and begins with one that is right", () => {
  assert.ok(brokenStacks.length + Object.keys(notYaml).length >= 100);
  assert.equal(new Set(brokenStacks.map(({ what }) => what)).size, brokenStacks.length);
  assert.equal(mistakesOf(goodStack), undefined);
});

describe("refused, with every setting that is wrong", () => {
  for (const { what, text, names } of brokenStacks)
    test(what, () => {
      const error = mistakesOf(text) ?? assert.fail("it was accepted");
      for (const name of names)
        assert.ok(isNamed(error.message, name), `\`${name}\` is not named in:\n${error.message}`);
      assert.doesNotMatch(error.message, /^\s+at |\[object|undefined|Invalid input|expected /m);
    });
});

describe("refused as a whole", () => {
  for (const [what, text] of Object.entries(notYaml))
    test(what, () => {
      assert.match(mistakesOf(text)?.message ?? "", /Pulumi\.broken\.yaml \(line \d\) is not YAML: /);
    });
});

/** A few through the real command, from all kinds. */
const sample = [
  "no VIP",
  "a VIP elsewhere",
  "a name that is a shell line",
  "a node as a machine and as a host",
  "a host without a key",
  "hosts with a box",
  "three at once",
  "settings without their namespace",
];

describe("through `ha-rancher up`", () => {
  const stack = `broken-${process.pid}`;
  const file = join(packageRoot, `Pulumi.${stack}.yaml`);
  const home = mkdtempSync(join(tmpdir(), "ha-rancher-broken-home-"));
  const env = { ...process.env, XDG_DATA_HOME: join(home, "data"), XDG_CACHE_HOME: join(home, "cache") };
  before(() => {
    mkdirSync(env.XDG_DATA_HOME);
    mkdirSync(env.XDG_CACHE_HOME);
  });
  after(() => {
    rmSync(file, { force: true });
    rmSync(home, { recursive: true, force: true });
  });

  for (const what of sample)
    test(what, async () => {
      const { text, names } = brokenStacks.find((each) => each.what === what) ?? assert.fail(`no ${what}`);
      writeFileSync(file, text);
      const program = join(packageRoot, "cli", "bootstrap.mjs");
      const { code, stdout, stderr } = await tryRun(process.execPath, [program, "up", "--stack", stack], {
        env,
      });
      assert.equal(code, 1, stdout + stderr);
      for (const name of names) assert.ok(isNamed(stderr, name), `\`${name}\` is not named in:\n${stderr}`);
      assert.match(stderr, /nothing was changed/);
      assert.doesNotMatch(stderr, /^\s+at /m);
      // But for the lock of the bootstrap, which looks whether the program is compiled.
      const made = [env.XDG_DATA_HOME, env.XDG_CACHE_HOME].flatMap((path) =>
        readdirSync(path, { recursive: true }).map(String),
      );
      assert.deepEqual(
        made.filter((name) => !/^ha-rancher(\/bootstrap-\w+\.lock)?$/.test(name)),
        [],
      );
    });
});
