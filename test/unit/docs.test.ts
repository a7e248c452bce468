import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";
import { layers } from "../../cli/test/layers";
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

/** A heading's anchor, as GitHub makes it. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");

/** The anchors of a page. */
const anchorsOf = (page: string): string[] =>
  [...readFileSync(page, "utf8").matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => anchorOf(heading));

/** Links of a page to headings that are not there. */
const lostHeadings = (page: string): string[] =>
  [...readFileSync(page, "utf8").matchAll(/\]\(([\w./-]*)#([^)\s]+)\)/g)]
    .filter(([, file = "", anchor = ""]) => {
      const target = file ? join(dirname(page), file) : page;
      return target.endsWith(".md") && existsSync(target) && !anchorsOf(target).includes(anchor);
    })
    .map(([link]) => link);

const { scripts } = JSON.parse(readFileSync(join(packageRoot, "package.json"), "utf8")) as {
  scripts: Record<string, string>;
};

/** Commands that a page tells to type, and that are none. */
function unknownCommands(page: string): string[] {
  const text = readFileSync(page, "utf8");
  const run = [...text.matchAll(/\bnpm run ([a-z][a-z-]*)/g)].map(([, name = ""]) => name);
  const tested = [...text.matchAll(/\bnpm test -- ([a-z][a-z -]*)/g)].flatMap(([, names = ""]) =>
    names.trim().split(/ +/),
  );
  return [
    ...run.filter((name) => !(name in scripts)),
    ...tested.filter((name) => !layers.some((layer) => layer.name === name)),
  ];
}

for (const page of pages) {
  test(`${relative(packageRoot, page)} tells commands that are there`, () => {
    assert.deepEqual(unknownCommands(page), []);
  });

  test(`${relative(packageRoot, page)} links to files that are there`, () => {
    const broken = linksOf(page).filter((link) => !existsSync(join(dirname(page), link)));
    assert.deepEqual([...broken, ...lostHeadings(page)], []);
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

test("docs/agent.md names the agent's files and its commands", () => {
  const page = readFileSync(join(packageRoot, "docs", "agent.md"), "utf8");
  const folder = join(packageRoot, "node", "agent");
  const files = readdirSync(folder).filter((name) => /^[a-z]\w*\.py$/.test(name));
  const commands = files
    .filter((name) => name.startsWith("cli"))
    .flatMap((name) => [...readFileSync(join(folder, name), "utf8").matchAll(/\badd\("([a-z-]+)"/g)])
    .map(([, name = ""]) => name);
  assert.ok(files.length > 30 && commands.length > 10);
  const words = [...files.map((name) => name.slice(0, -".py".length)), ...commands];
  assert.deepEqual(
    words.filter((word) => !new RegExp(`\\b${word}\\b`).test(page)),
    [],
  );
});
