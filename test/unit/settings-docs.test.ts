import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { presets } from "../../domain/vrrp";
import { packageRoot } from "../../local/root";
import { projectFile } from "../../settings/declared";
import { keepalivedSchema } from "../../settings/floating-ip";
import { hostSchema } from "../../settings/hosts";

/* Defaults that the documentation tells in tables of its own are those of the declarations. */

const page = (name: string): string => readFileSync(join(packageRoot, "docs", name), "utf8");

/** The rows of tables whose first cell is names in backticks: each name with its value. */
function told(text: string): Map<string, string> {
  const rows = [...text.matchAll(/^\| ((?:`[\w.]+`(?:, | \(default\))?)+) \|([^|]*)\|/gm)];
  return new Map(
    rows.flatMap(([, cell = "", values = ""]) => {
      const names = [...cell.matchAll(/`([\w.]+)`/g)].map(([, name = ""]) => name);
      // `.repeat` after `garp.delay` is `garp.repeat`.
      const group = names[0]?.replace(/\.\w+$/, "") ?? "";
      const all = values.trim().split(", ");
      return names.map((name, i): [string, string] => [
        name.startsWith(".") ? `${group}${name}` : name,
        all[names.length === all.length ? i : 0] ?? "",
      ]);
    }),
  );
}

/** Numbers and truths of a table of defaults, by path. */
function flat(value: object, path = ""): [string, number | boolean][] {
  return Object.entries(value).flatMap(([name, inner]: [string, unknown]) =>
    typeof inner === "number" || typeof inner === "boolean"
      ? [[`${path}${name}`, inner] as [string, number | boolean]]
      : typeof inner === "object" && inner !== null && !Array.isArray(inner)
        ? flat(inner, `${path}${name}.`)
        : [],
  );
}

test("docs/floating-ip.md has keepalived's defaults", () => {
  const values = told(page("floating-ip.md"));
  for (const [name, standard] of flat(keepalivedSchema.parse({})))
    assert.equal(values.get(name)?.replace(/ s$/, ""), String(standard), `\`${name}\``);
});

test("docs/floating-ip.md has the presets", () => {
  const values = told(page("floating-ip.md"));
  for (const [name, seconds] of Object.entries(presets)) assert.equal(values.get(name), `${seconds} s`);
});

test("docs/hosts.md has the settings of a host, each, and the default port", () => {
  const values = told(page("hosts.md"));
  for (const name of Object.keys(hostSchema.shape)) assert.ok(values.has(name), `\`${name}\``);
  assert.equal(values.get("port"), String(hostSchema.shape.port.parse(undefined)));
});

test("every page that the table of settings names is there", () => {
  const pages = [...projectFile("config:\n").matchAll(/\b(?:docs|workloads)\/[\w/-]+\.md/g)].map(
    ([name]) => name,
  );
  assert.ok(pages.length > 5);
  for (const name of pages) assert.ok(existsSync(join(packageRoot, name)), name);
});
