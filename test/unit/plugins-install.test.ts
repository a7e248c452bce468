import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { installPlugins, mayStandIn } from "../../lab/plugins/install";
import { pluginArchive, sumOf } from "../../local/toolchain/sums";
import { withEnvironment } from "./cli-support";

describe("installing the plugins", () => {
  let folder: string;
  let said: string[];
  const cacheBefore = process.env.XDG_CACHE_HOME;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "install-"));
    process.env.XDG_CACHE_HOME = join(folder, "cache");
    said = [];
  });
  afterEach(() => {
    if (cacheBefore === undefined) delete process.env.XDG_CACHE_HOME;
    else process.env.XDG_CACHE_HOME = cacheBefore;
    rmSync(folder, { recursive: true, force: true });
  });

  /** A CLI that notes how it was called, and does what the script says; `$4` is the plugin's name, `$5` its version. */
  const cli = (script: string): string => {
    const file = join(folder, "pulumi");
    writeFileSync(file, `#!/bin/sh\necho "$@" >> ${folder}/calls\n${script}\n`);
    chmodSync(file, 0o755);
    return file;
  };
  const calls = (): string[] =>
    existsSync(join(folder, "calls"))
      ? readFileSync(join(folder, "calls"), "utf8").trim().split("\n").sort()
      : [];
  const pluginsOf = (home: string): string => join(folder, home, "plugins");
  const install = (pulumi: string, home = "home", standIns = true): Promise<void> =>
    installPlugins({
      pulumi,
      standIns,
      env: { ...process.env, PULUMI_HOME: join(folder, home) },
      say: (line) => said.push(line),
    });
  const unreachable = () =>
    cli(
      'echo "warning: Error downloading plugin: Get \\"https://x\\": dial tcp: lookup x: no such host" >&2; sleep 60; exit 255',
    );
  const folders = ["resource-command-v1.2.1", "resource-docker-v5.2.0"];

  test("the official plugins are used where they can be downloaded", async () => {
    const pulumi = cli('mkdir -p "$PULUMI_HOME/plugins/resource-$4-v$5"');
    await install(pulumi);
    assert.deepEqual(calls(), [
      `plugin install resource command 1.2.1 --checksum ${sumOf(pluginArchive("command", "1.2.1"))}`,
      "plugin install resource docker 5.2.0",
    ]);
    assert.deepEqual(readdirSync(pluginsOf("home")).sort(), folders);
    assert.deepEqual(said.filter((line) => / downloaded/.test(line)).sort(), [
      "Pulumi's command plugin 1.2.1: downloaded",
      "Pulumi's docker plugin 5.2.0: downloaded, unchecked: no sum of it is known",
    ]);
    assert.equal(existsSync(join(pluginsOf("home"), folders[0] ?? "", "package.json")), false);
  });

  test("the version that the SDK asks for has its sum on each platform, where one is known at all", () => {
    for (const platform of ["linux-amd64", "linux-arm64", "darwin-amd64", "darwin-arm64"])
      assert.match(sumOf(pluginArchive("command", "1.2.1", platform)) ?? "", /^[0-9a-f]{64}$/, platform);
  });

  test("a plugin with another sum is not used", async () => {
    const refuse = 'echo "error: invalid checksum, expected 71, actual 72" >&2; exit 255';
    await install(
      cli(`[ "$4" = docker ] && mkdir -p "$PULUMI_HOME/plugins/resource-$4-v$5" && exit\n${refuse}`),
    );
    const command = join(pluginsOf("home"), folders[0] ?? "");
    assert.ok(existsSync(join(command, "package.json")), "the stand-in");
    assert.ok(
      said.some((line) => /command plugin 1\.2\.1: the offline stand-in.*invalid checksum/.test(line)),
    );
  });

  test("else the stand-ins, with the reason, and nothing is left of the attempt", async () => {
    mkdirSync(pluginsOf("home"), { recursive: true });
    // What an interrupted download leaves.
    writeFileSync(join(pluginsOf("home"), `${folders[0]}.partial`), "");
    mkdirSync(join(pluginsOf("home"), folders[0] ?? "", "half"), { recursive: true });
    const began = performance.now();
    await install(unreachable());
    assert.ok(performance.now() - began < 18_000, "no retries when the name is not known");
    assert.deepEqual(readdirSync(pluginsOf("home")).sort(), folders);
    for (const [index, name] of ["command", "docker"].entries()) {
      assert.deepEqual(readdirSync(join(pluginsOf("home"), folders[index] ?? "")).sort(), [
        "package.json",
        `pulumi-resource-${name}`,
      ]);
      assert.ok(
        said.some((line) => line.includes(`${name} plugin`) && /stand-in is used.*no such host/.test(line)),
      );
    }
  });

  test("outside of the lab what cannot be downloaded is an error, each time anew, with the ways out", async () => {
    const refused = () =>
      assert.rejects(
        install(unreachable(), "home", false),
        /cannot be downloaded \(.*no such host\), and outside of the lab .*PULUMI_HOME=\S+home pulumi plugin install resource \w+ \d\S+ --reinstall --file ARCHIVE.*HA_RANCHER_STAND_INS=1/,
      );
    await refused();
    // No failure is remembered against whoever has mended the network.
    await refused();
    assert.equal(calls().length, 4);
    assert.equal(existsSync(pluginsOf("home")), false);
  });

  test("outside of the lab a stand-in from the lab gives way to the official plugin", async () => {
    await install(unreachable());
    await assert.rejects(install(unreachable(), "home", false), /cannot be downloaded/);
    const official = cli(
      'test "$6" = --reinstall && rm -r "$PULUMI_HOME/plugins/resource-$4-v$5" && mkdir "$PULUMI_HOME/plugins/resource-$4-v$5"',
    );
    await install(official, "home", false);
    for (const name of folders) assert.deepEqual(readdirSync(join(pluginsOf("home"), name)), []);
    const before = calls().length;
    await install(official, "home", false);
    await install(official);
    assert.equal(calls().length, before);
  });

  test("the variable asks for stand-ins outside of the lab", (t) => {
    withEnvironment(t, { HA_RANCHER_STAND_INS: undefined });
    assert.deepEqual([mayStandIn(true), mayStandIn(false)], [true, false]);
    process.env.HA_RANCHER_STAND_INS = "1";
    assert.equal(mayStandIn(false), true);
  });

  test("what is there costs next to nothing: two looks, no program, no word", async () => {
    const pulumi = unreachable();
    await install(pulumi);
    said = [];
    const before = calls().length;
    const times: number[] = [];
    for (let round = 0; round < 21; round++) {
      const began = performance.now();
      await install(pulumi);
      times.push(performance.now() - began);
    }
    const median = times.sort((a, b) => a - b)[10] ?? Number.NaN;
    assert.ok(median < 5, `${median} ms`);
    assert.equal(calls().length, before);
    assert.deepEqual(said, []);
  });

  test("a failed download is remembered for a day, also for another home", async () => {
    const pulumi = unreachable();
    await install(pulumi);
    assert.equal(calls().length, 2);
    await install(pulumi, "other");
    assert.equal(calls().length, 2);
    assert.deepEqual(readdirSync(pluginsOf("other")).sort(), folders);

    const memory = join(folder, "cache", "ha-rancher", "plugin-downloads.json");
    writeFileSync(memory, readFileSync(memory, "utf8").replaceAll(/"at":\d+/g, '"at":1'));
    await install(pulumi, "third");
    assert.equal(calls().length, 4);
  });

  test("two at the same time do it once", async () => {
    const pulumi = unreachable();
    await Promise.all([install(pulumi), install(pulumi)]);
    assert.equal(calls().length, 2);
    assert.deepEqual(readdirSync(pluginsOf("home")).sort(), folders);
  });

  test("the launcher says what is wrong where there is no program that has the package", async () => {
    await install(unreachable());
    const launcher = join(pluginsOf("home"), "resource-docker-v5.2.0", "pulumi-resource-docker");
    const { status, stderr } = spawnSync(launcher, ["127.0.0.1:1"], { cwd: folder, encoding: "utf8" });
    assert.equal(status, 1);
    assert.match(
      stderr,
      /ha-rancher\/lab\/plugins\/docker, which cannot be found from .*run Pulumi in a program's folder/,
    );
  });
});
