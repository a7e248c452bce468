import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ownSbom } from "../../cli/actions/sbom";
import { goParts, npmParts, type Part, sbom } from "../../domain/sbom";
import { packageRoot } from "../../local/root";

test("npm packages: scopes, sums, and each version once", () => {
  const integrity = `sha512-${Buffer.from("ab".repeat(64), "hex").toString("base64")}`;
  const parts = npmParts({
    packages: {
      "": { version: "1.0.0" },
      "node_modules/@a/b": { version: "1.2.3", integrity, license: "MIT" },
      "node_modules/c": { version: "2.0.0", dev: true },
      "node_modules/c/node_modules/@a/b": { version: "1.2.3", dev: true },
      "node_modules/c/node_modules/d": { version: "0.1.0-x", optional: true },
      "node_modules/linked": { version: "1.0.0", link: true },
    },
  });
  assert.deepEqual(
    parts.map(({ purl, scope }) => [purl, scope]),
    [
      ["pkg:npm/%40a/b@1.2.3", "required"],
      ["pkg:npm/c@2.0.0", "excluded"],
      ["pkg:npm/d@0.1.0-x", "optional"],
    ],
  );
  assert.deepEqual(parts[0]?.hashes, [{ alg: "SHA-512", content: "ab".repeat(64) }]);
  assert.deepEqual(parts[0]?.licenses, [{ expression: "MIT" }]);
});

test("Go modules: what is required, by what it is replaced", () => {
  const file = `module x

go 1.21

require (
	example.com/a/v3 v3.1.0
	example.com/b v0.0.0-20180709150244-8b13a72661da // indirect
)
require example.com/c v1.0.0

replace example.com/b => example.org/b v2.0.0+incompatible
`;
  assert.deepEqual(
    goParts(file).map(({ purl }) => purl),
    [
      "pkg:golang/example.com/a/v3@v3.1.0",
      "pkg:golang/example.org/b@v2.0.0+incompatible",
      "pkg:golang/example.com/c@v1.0.0",
    ],
  );
});

test("this program's own: every locked package and every required module is in it, once", () => {
  const { components, specVersion } = ownSbom() as { components: Part[]; specVersion: string };
  assert.equal(specVersion, "1.6");
  const purls = components.map(({ purl }) => purl);
  assert.equal(new Set(purls).size, purls.length);
  const { packages } = JSON.parse(readFileSync(join(packageRoot, "package-lock.json"), "utf8")) as {
    packages: Record<string, { version?: string }>;
  };
  for (const [path, { version }] of Object.entries(packages)) {
    const name = path.split("node_modules/").at(-1) ?? "";
    if (path) assert.ok(purls.includes(`pkg:npm/${name.replace("@", "%40")}@${version}`), path);
  }
  const modules = readFileSync(join(packageRoot, "local/toolchain/language-host/go.mod"), "utf8");
  for (const [, line = ""] of modules.matchAll(/^\t(\S+ v\S+)/gm)) {
    const [name, version] = line.split(" ");
    assert.ok(purls.includes(`pkg:golang/${name}@${version}`), line);
  }
  const npm = components.filter(({ purl }) => purl.startsWith("pkg:npm/"));
  assert.ok(
    npm.every(({ hashes }) => hashes?.length),
    "a package without a sum",
  );
  assert.deepEqual(sbom({ name: "x", version: "1", license: "MIT" }, components.slice(0, 1)), {
    ...{ bomFormat: "CycloneDX", specVersion: "1.6", version: 1 },
    metadata: {
      component: {
        ...{ type: "application", "bom-ref": "x", name: "x", version: "1" },
        licenses: [{ expression: "MIT" }],
      },
    },
    components: components.slice(0, 1),
  });
});
