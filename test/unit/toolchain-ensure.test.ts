import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { ensureToolchain } from "../../local/toolchain";
import { isAtLeast } from "../../local/toolchain/installed";
import { ownHome, put, putScript, withEnvironment } from "./cli-support";

interface Scene {
  home: string;
  bin: string;
  /** What the fake programs were called with, one call a line. */
  calls(): string[];
  said: string[];
}

const launchers = ["pulumi-resource-pulumi-nodejs", "pulumi-analyzer-policy"];

/** A home without network: a failed download is on record. PATH has only what the test puts there. */
function scene(t: TestContext): Scene {
  const home = ownHome(t);
  const bin = join(home, "bin");
  const toolchains = join(home, "cache", "ha-rancher", "toolchain");
  put(join(toolchains, "download-failed.json"), JSON.stringify({ at: Date.now(), why: "no network" }));
  withEnvironment(t, { PATH: `${bin}:/usr/bin:/bin`, GOFLAGS: "-mod=mod" });
  const log = put(join(home, "calls"), "");
  return { home, bin, calls: () => readFileSync(log, "utf8").trim().split("\n").filter(Boolean), said: [] };
}

const ensure = (at: Scene) => ensureToolchain((line) => at.said.push(line));

function putPulumi(at: Scene, version: string, companions = [...launchers, "pulumi-language-nodejs"]): void {
  putScript(join(at.bin, "pulumi"), [`echo "pulumi $*" >> ${at.home}/calls`, `echo v${version}`]);
  for (const name of companions) putScript(join(at.bin, name), []);
}

/** A `go` that makes scripts instead of programs, after `seconds`. */
function putGo(at: Scene, body: string[] = []): void {
  putScript(join(at.bin, "go"), [
    `if [ "$1" = env ]; then echo "\${FAKE_GO:-go1.99}"; exit; fi`,
    `echo "go $1 GOFLAGS=$GOFLAGS CGO_ENABLED=$CGO_ENABLED in \${PWD##*/}" >> ${at.home}/calls`,
    ...body,
    `while [ "$1" != -o ]; do shift; done`,
    `printf '#!/bin/sh\\necho v3.220.0\\n' > "$2"; chmod +x "$2"`,
  ]);
}

test("a new enough pulumi on PATH is used, and a second call starts no program", async (t) => {
  const at = scene(t);
  putPulumi(at, "3.221.3");
  const expected = { bin: at.bin, version: "3.221.3", origin: "path" };
  assert.deepEqual(await ensure(at), expected);
  assert.deepEqual(at.calls(), ["pulumi version"]);
  at.said.length = 0;
  assert.deepEqual(await ensure(at), expected);
  assert.deepEqual(at.calls(), ["pulumi version"]);
  assert.deepEqual(at.said, []);
});

test("another pulumi at the same path is asked for its version again", async (t) => {
  const at = scene(t);
  putPulumi(at, "3.221.3");
  await ensure(at);
  putPulumi(at, "3.230.0");
  utimesSync(join(at.bin, "pulumi"), 1, 1);
  assert.equal((await ensure(at)).version, "3.230.0");
});

test("an old or incomplete pulumi on PATH is passed over, with the reason", async (t) => {
  const at = scene(t);
  putGo(at);
  putPulumi(at, "3.219.9");
  assert.equal((await ensure(at)).origin, "build");
  assert.match(at.said.join("\n"), /is 3\.219\.9: 3\.220\.0 or a newer 3\.x is needed/);

  const other = scene(t);
  putGo(other);
  putPulumi(other, "3.230.0", launchers);
  assert.equal((await ensure(other)).origin, "build");
  assert.match(other.said.join("\n"), /not used: pulumi-language-nodejs is not beside it/);
});

test("a build makes both programs with the launchers, once, without the user's flags", async (t) => {
  const at = scene(t);
  putGo(at);
  const built = await ensure(at);
  assert.equal(built.origin, "build");
  assert.deepEqual(
    readdirSync(built.bin).sort(),
    [
      ...["language-host", "pulumi", "pulumi-language-nodejs", ...launchers],
      ...["dynamic-provider.cjs", "policy-pack.cjs", "late-modules.cjs"],
    ].sort(),
  );
  for (const name of readdirSync(built.bin)) assert.ok(statSync(join(built.bin, name)).mode & 0o100, name);
  const flags = process.platform === "linux" ? "GOFLAGS= CGO_ENABLED=0" : "GOFLAGS= CGO_ENABLED=";
  assert.deepEqual(at.calls(), [`go build ${flags} in cli`, `go build ${flags} in language-host`]);
  assert.deepEqual(await ensure(at), built);
  assert.equal(at.calls().length, 2);
});

test("two at once build once", async (t) => {
  const at = scene(t);
  putGo(at, ["sleep 0.3"]);
  const [one, other] = await Promise.all([ensure(at), ensure(at)]);
  assert.deepEqual(one, other);
  assert.equal(at.calls().length, 2);
});

test("a built toolchain outlives Go, and is built anew with another Go or when it is gone", async (t) => {
  const at = scene(t);
  putGo(at);
  const built = await ensure(at);
  rmSync(join(at.bin, "go"));
  withEnvironment(t, { PATH: at.bin });
  assert.deepEqual(await ensure(at), built);

  withEnvironment(t, { PATH: `${at.bin}:/usr/bin:/bin`, FAKE_GO: "go2" });
  putGo(at, ["true"]);
  const another = await ensure(at);
  assert.notEqual(another.bin, built.bin);
  rmSync(another.bin, { recursive: true });
  assert.deepEqual(await ensure(at), another);
  assert.equal(at.calls().length, 6);
});

test("a failed build leaves nothing, and its error has the reason and the way out", async (t) => {
  const at = scene(t);
  const toolchains = join(at.home, "cache", "ha-rancher", "toolchain");
  put(join(toolchains, ".building-killed", "bin", "pulumi"), "half");
  for (const [printed, expected] of [
    [
      "go: dial tcp: lookup proxy.example: no such host",
      /cannot be fetched[\s\S]*GOPROXY[\s\S]*install Pulumi/,
    ],
    ["go: go.mod requires go >= 1.24.7 (running go 1.20)", /too old[\s\S]*install Pulumi/],
    ["write /x: no space left on device", /no space left on the disk/],
    ["cmd/pulumi/main.go:3: undefined: x", /cannot be built[\s\S]*undefined: x[\s\S]*install Pulumi/],
  ] as const) {
    putGo(at, [`echo "${printed}" >&2; exit 1`]);
    await assert.rejects(ensure(at), expected);
  }
  assert.deepEqual(
    readdirSync(toolchains).filter((name) => name !== "download-failed.json"),
    [],
  );
});

test("without Go the error says what to install", async (t) => {
  const at = scene(t);
  withEnvironment(t, { PATH: at.bin });
  await assert.rejects(
    ensure(at),
    /building one needs `go` 1\.24 or newer[\s\S]*go\.dev[\s\S]*install Pulumi 3\.220/,
  );
  assert.ok(!existsSync(join(at.home, "cache", "ha-rancher", "toolchain", "answer.json")));
});

test("versions are compared as numbers, within the same major", () => {
  for (const [version, expected] of [
    ["3.220.0", true],
    ["3.1000.0", true],
    ["3.220.1-alpha.5", true],
    ["3.219.99", false],
    ["3.99.0", false],
    ["4.0.0", false],
    ["", false],
    ["nonsense", false],
  ] as const) {
    assert.equal(isAtLeast(version, "3.220.0"), expected, version);
  }
});
