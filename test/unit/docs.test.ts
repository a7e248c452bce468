import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";
import { packageRoot } from "../../local/root";

const folders = ["docs", "workloads", "examples"];

const pages = [
  join(packageRoot, "README.md"),
  ...folders.flatMap((folder) =>
    readdirSync(join(packageRoot, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".md") && !name.includes("node_modules"))
      .map((name) => join(packageRoot, folder, name)),
  ),
];

/** The files that a page links to or shows, as paths; without what is on the web and within the page itself. */
const linksOf = (page: string): string[] =>
  [...readFileSync(page, "utf8").matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link = ""]) => link.replace(/#.*$/, ""))
    .filter((link) => link !== "" && !/^[a-z]+:/.test(link));

/** Files of this project that a text names in backquotes: `node/keepalived/strip`, `docs/hosts.md`. */
const namedIn = (page: string): string[] =>
  [...readFileSync(page, "utf8").matchAll(/`([a-z-]+\/[\w./-]*\w)`/g)]
    .map(([, name = ""]) => name)
    .filter((name) => existsSync(`${join(packageRoot, name.split("/")[0] ?? "")}/`));

for (const page of pages) {
  test(`${relative(packageRoot, page)} links to files that are there`, () => {
    const broken = linksOf(page).filter((link) => !existsSync(join(dirname(page), link)));
    assert.deepEqual(broken, []);
  });

  test(`${relative(packageRoot, page)} names files that are there`, () => {
    assert.deepEqual(
      namedIn(page).filter((name) => !existsSync(join(packageRoot, name))),
      [],
    );
  });
}

test("the README can be read in one go", () => {
  const lines = readFileSync(join(packageRoot, "README.md"), "utf8").split("\n");
  assert.ok(lines.length <= 200, `it has ${lines.length} lines`);
});
