import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { secretSignature, signatureKey, unknownValue } from "../../local/pulumi/values";
import { readFrom } from "../../local/pulumi/versions";
import { packageRoot } from "../../local/root";
import { releasedVersion } from "../../local/toolchain/download";
import { minimumVersion } from "../../local/toolchain/installed";

const modules = join(packageRoot, "node_modules");

const versionIn = (folder: string): string =>
  (JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { version: string }).version.replace(
    /^v/,
    "",
  );

/** The folders of all installed copies of a package. */
function copiesOf(name: string): string[] {
  const { stdout } = spawnSync("find", [modules, "-path", `*/node_modules/${name}/package.json`], {
    encoding: "utf8",
  });
  return stdout
    .trim()
    .split("\n")
    .map((file) => join(file, ".."));
}

const wayOut = "read local/pulumi/ and what versions.ts names again in the new version, and note it there";

test("Pulumi's private forms were read from the versions that are used", () => {
  assert.equal(versionIn(join(modules, "@pulumi", "pulumi")), readFrom["@pulumi/pulumi"], wayOut);
  assert.equal(versionIn(join(modules, "@pulumi", "policy")), readFrom["@pulumi/policy"], wayOut);
  assert.equal(releasedVersion, readFrom.cli, wayOut);
  assert.equal(minimumVersion, readFrom.cli, wayOut);
  const goModules = readFileSync(join(packageRoot, "local", "toolchain", "cli", "go.mod"), "utf8");
  const built = [...goModules.matchAll(/pulumi\/(?:pkg|sdk)\/v3 v(\S+)/g)].map(([, version]) => version);
  assert.deepEqual([...new Set(built)], [readFrom.cli], wayOut);
});

test("the marks of values are those of the installed SDK", () => {
  const rpc = require("@pulumi/pulumi/runtime/rpc") as Record<string, unknown>;
  assert.equal(rpc.unknownValue, unknownValue);
  assert.equal(rpc.specialSigKey, signatureKey);
  assert.equal(rpc.specialSecretSig, secretSignature);
});

test("listeners of every installed signal-exit are counted", () => {
  const copies = copiesOf("signal-exit");
  const found = copies.map(versionIn).sort();
  assert.deepEqual([...new Set(found)], [...readFrom["signal-exit"]]);
  for (const copy of copies) {
    // In a process of its own: its listeners stay.
    const program = `
      const { exitWatchers } = require(${JSON.stringify(require.resolve("../../local/signal-exit.js"))});
      const before = exitWatchers();
      const loaded = require(${JSON.stringify(copy)});
      (loaded.onExit ?? loaded)(() => {});
      console.log(before, exitWatchers());`;
    const { stdout, stderr } = spawnSync(process.execPath, ["-e", program], { encoding: "utf8" });
    assert.equal(stdout.trim(), "0 1", `${copy}: ${stderr}`);
  }
});

/** Sources of the program, without its tests. */
function* sources(folder = packageRoot): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!entry.name.startsWith(".") && !["node_modules", "dist", "test"].includes(entry.name))
        yield* sources(path);
    } else if (/\.(ts|cjs|mjs)$/.test(entry.name)) yield path;
  }
}

test("nobody else knows them", () => {
  const forms =
    /04da6b54-80e4|4dabf18193|1b47061264|pending_operations|__signal_exit|signal-exit emitter|PULUMI_NODEJS_/;
  const places = [...sources()]
    .filter((file) => forms.test(readFileSync(file, "utf8")))
    .map((file) => file.slice(packageRoot.length + 1))
    .filter((file) => !file.startsWith("local/pulumi/") && file !== "local/signal-exit.ts");
  assert.deepEqual(places, []);
});
