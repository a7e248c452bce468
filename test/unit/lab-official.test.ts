import assert from "node:assert/strict";
import { test } from "node:test";
import { exampleNames, exampleText } from "../../cli/actions/examples";
import { standInOf } from "../../lab/image/official";
import { checkSettingsText } from "../../settings/file";

test("an official image is one of Debian's packages in the lab, if it is of that version", () => {
  assert.deepEqual(standInOf("postgres:15.14"), { name: "postgres", tag: "15.14" });
  assert.deepEqual(standInOf("docker.io/library/redis:7-bookworm"), { name: "redis", tag: "7-bookworm" });
  assert.deepEqual(standInOf("library/registry:2"), { name: "registry", tag: "2" });
  for (const other of [
    "rancher/rancher:v2.14.2",
    "ha-rancher/postgres:15.20.0",
    "quay.io/postgres:15",
    "toString:15",
    `postgres:15@sha256:${"a".repeat(64)}`,
  ])
    assert.equal(standInOf(other), undefined, other);
  for (const wrong of ["postgres:16.2", "postgres:150", "redis:latest"])
    assert.throws(
      () => standInOf(wrong),
      /cannot download it: it makes `\w+` of Debian's packages, which have version/,
    );
});

test("the examples run in the lab", () => {
  const own = exampleNames().filter((name) => name in { postgres: 1, redis: 1, registry: 1 });
  assert.equal(own.length, 3);
  for (const name of own)
    assert.ok(standInOf(checkSettingsText(exampleText(name), `Pulumi.${name}.yaml`).image ?? ""), name);
});
