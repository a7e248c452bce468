import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { WholeStack } from "../../drill/rig/stack/whole-stack";
import { FakeHypervisor } from "../../drill/rig/vagrant/fake-hypervisor";
import { packageRoot } from "../../local/root";
import { newKeyPair } from "../../providers/vagrant/keys";

/*
 * Every line of docs/plain-pulumi.md, in its order, with the real CLI: the whole stack with machines of the fake Vagrant, and nodes
 * on paper. The lines are read from the page, so that one that is changed there is run.
 */

const page = readFileSync(join(packageRoot, "docs", "plain-pulumi.md"), "utf8");

interface Line {
  command: string;
  /** What it must show. */
  shows: string | undefined;
  /** What it must be refused with. */
  refused: string | undefined;
}

interface Block {
  language: string;
  text: string;
}

const blocks: Block[] = [...page.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(
  ([, language = "", text = ""]) => ({
    language,
    text,
  }),
);

const linesOf = ({ text }: Block): Line[] =>
  text.split("\n").flatMap((line) => {
    const [, command = "", word, words] = /^(.*?)(?: +# (shows|refused): (.*))?$/.exec(line) ?? [];
    if (command === "") return [];
    const said = (wanted: string): string | undefined => (word === wanted ? words : undefined);
    return [{ command, shows: said("shows"), refused: said("refused") }];
  });

/** A file's path from its first line, a comment, and what is to be in it. */
function fileOf({ text }: Block): [path: string, content: string] {
  const [, path] = /^(?:\/\/|#) (\S+)\n/.exec(text) ?? [];
  assert.ok(path, `a block does not say which file it is:\n${text}`);
  return [path, text];
}

let stack: WholeStack;

/** The machine that the page adopts: somebody made it. */
function makeOld(): void {
  new FakeHypervisor(join(stack.folder, "hypervisor")).save({
    ...{ uuid: randomUUID(), domain: "theirs_old", name: "old", hypervisor: "libvirt", state: "running" },
    ...{
      box: "their/box 7",
      memory: 512,
      addresses: ["192.168.56.14/24"],
      sshHost: undefined,
      forwarded: [],
    },
    ...{ network: true, authorized: ["insecure"], hostKey: newKeyPair("old").privateKey, hostname: "theirs" },
    scripts: [],
  });
}

before(async () => {
  stack = await WholeStack.make("dev");
  makeOld();
});
after(() => stack?.close());

async function run({ command, shows, refused }: Line): Promise<void> {
  const { code, stdout, stderr } = await stack.shell(command);
  const text = `$ ${command}\n${stdout}${stderr}`;
  if (refused === undefined) assert.equal(code, 0, text);
  else assert.notEqual(code, 0, text);
  const wanted = refused ?? shows;
  if (wanted !== undefined) assert.ok(text.slice(command.length + 3).includes(wanted), text);
}

function write(block: Block): void {
  const [path, content] = fileOf(block);
  const file = join(stack.project, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  if (!path.endsWith("/index.js")) return;
  const folder = dirname(file);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "own", private: true }));
  symlinkSync(join(stack.project, "node_modules"), join(folder, "node_modules"));
}

/** The type of a value, in the words of the page's table. */
function typeOf(value: unknown): string {
  if (Array.isArray(value)) return `list of ${[...new Set(value.map(typeOf))].join(" or ")}`;
  if (typeof value !== "object" || value === null) return typeof value === "string" ? "text" : typeof value;
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return `{ ${entries.map(([name, each]) => `${name}: ${typeOf(each)}`).join(", ")} }`;
}

/** The names and types of outputs, as the page has them. */
function promised(): Record<string, string> {
  const table = /<!-- outputs[^\n]*\n([\s\S]*?)<!-- \/outputs -->/.exec(page)?.[1] ?? "";
  return Object.fromEntries(
    [...table.matchAll(/^\| `(\w+)` \| ([^|]+) \|/gm)].map(([, name, type = ""]) => [name, type.trim()]),
  );
}

async function compareOutputs(): Promise<void> {
  const told = await stack.shell("pulumi stack output --json");
  const shown = JSON.parse(told.stdout) as Record<string, unknown>;
  const found = Object.entries(shown).map(([name, value]) => [
    name,
    value === "[secret]" ? "secret text" : typeOf(value),
  ]);
  assert.deepEqual(Object.fromEntries(found), promised());
}

test("every line of docs/plain-pulumi.md does what the page says", async (t) => {
  assert.ok(blocks.flatMap(linesOf).length > 40, "the page has lines");
  for (const block of blocks) {
    if (block.language !== "") {
      write(block);
      continue;
    }
    for (const line of linesOf(block)) await t.test(line.command, () => run(line));
    if (/^pulumi stack select/.test(block.text))
      await t.test("the outputs are those that are promised", compareOutputs);
  }
});
