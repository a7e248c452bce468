import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { PlainArgs } from "../../drill/rig/vagrant/project";
import { TestStack } from "../../drill/rig/vagrant/test-stack";
import { packageRoot } from "../../local/root";
import { newKeyPair } from "../../providers/vagrant/keys";
import type { Verb } from "../../providers/vagrant/verbs";

/*
 * What a preview of the real Pulumi shows of one machine's change: two machines, with fifteen resources on each that take its
 * outputs. The column of docs/machines.md is held to it.
 */

const words = { alone: "this machine alone", all: "this machine and all that is on it" } as const;
type Shown = keyof typeof words;

let stack: TestStack;
let port: number;
let project: string;

before(async () => {
  stack = await TestStack.make("previews", undefined, join(__dirname, "previews-program.js"));
  project = readFileSync(join(stack.folder, "Pulumi.yaml"), "utf8");
  // As docs/stacks.md says it.
  const path = "./node_modules/ha-rancher/local/previews";
  runsProviders(`plugins:\n  providers:\n    - { name: pulumi-nodejs, path: ${path} }\n`);
  await stack.add("one", "127.0.0.121");
  await stack.add("two", "127.0.0.122");
  port = await stack.guests.listen("127.0.0.123");
  await stack.mustUp();
});
after(() => stack?.close());

const runsProviders = (plugins: string): void =>
  writeFileSync(join(stack.folder, "Pulumi.yaml"), project + plugins);

/** What a preview shows as changed, by operation, and what it says beside. */
async function preview(): Promise<{ shown: Map<string, string>; text: string }> {
  const { code, text } = await stack.pulumi("preview", "--json");
  const { steps, diagnostics = [] } = JSON.parse(text) as {
    steps: { op: string; urn: string }[];
    diagnostics?: { message: string }[];
  };
  assert.equal(code, 0, JSON.stringify(diagnostics));
  const changed = steps.filter(({ op }) => op !== "same");
  return {
    shown: new Map(changed.map(({ op, urn }) => [urn.replace(/.*::/, ""), op])),
    text: diagnostics.map(({ message }) => message).join("\n"),
  };
}

/** The same with another input of the machine `one`, which is then as it was again. */
async function previewOf(change: PlainArgs): Promise<{ shown: Map<string, string>; text: string }> {
  const former = readFileSync(join(stack.folder, "machines.json"), "utf8");
  stack.change("one", change);
  const result = await preview();
  stack.change("one", {
    ...Object.fromEntries(Object.keys(change).map((key) => [key, undefined])),
    ...JSON.parse(former).one,
  });
  return result;
}

const things = Array.from({ length: 15 }, (_, i) => `one-thing-${i + 1}`);

/** By the verb of docs/machines.md. */
const rows: [verb: Verb, change: () => PlainArgs, shown: Shown][] = [
  ["record", () => ({ timeouts: { up: 901 } }), "alone"],
  ["contact", () => ({ sshPort: port }), "all"],
  ["provision", () => ({ hostname: "other" }), "alone"],
  ["provision", () => ({ provision: "echo" }), "alone"],
  ["provision", () => ({ sshPrivateKey: newKeyPair("other").privateKey }), "all"],
  ["reload", () => ({ cpus: 3 }), "alone"],
  ["reload", () => ({ ports: [{ id: "http", guest: 80 }] }), "alone"],
  ["replace", () => ({ boxVersion: "2.0" }), "all"],
];

describe("a preview of one machine's change", () => {
  for (const [verb, change, shown] of rows)
    test(`${verb}: ${Object.keys(change()).join()} shows ${words[shown]}`, async () => {
      const found = (await previewOf(change())).shown;
      const expected = shown === "alone" ? ["one"] : ["members", "one", ...things];
      assert.deepEqual([...found.keys()].sort(), expected.sort());
      assert.equal(found.get("one"), verb === "replace" ? "replace" : "update");
    });

  test("says what only the update tells", async () => {
    assert.match((await previewOf({ sshPort: port })).text, /one: only the update tells ssh; /);
    assert.doesNotMatch((await previewOf({ cpus: 3 })).text, /only the update tells/);
  });

  test("and the update does what it said", async () => {
    stack.change("one", { cpus: 3 });
    stack.calls();
    assert.match(await stack.mustUp(), /~ 1 updated\s+33 unchanged/);
    assert.deepEqual(
      stack.calls().filter((call) => !call.includes("virsh")),
      ["one reload"],
    );
    await stack.mustBeUnchanged();
  });

  test("shows all that is on the machine where Pulumi's own process runs", async () => {
    runsProviders("");
    const { shown } = await previewOf({ cpus: 4 });
    assert.deepEqual([...shown.keys()].sort(), ["members", "one", ...things].sort());
  });

  test("is what docs/machines.md says", () => {
    const page = readFileSync(join(packageRoot, "docs", "machines.md"), "utf8");
    for (const [verb, change, shown] of rows) {
      const line = page.split("\n").find((each) => each.includes(`| ${verb} |`)) ?? "";
      const [name = ""] = Object.keys(change());
      const [, inputs = "", , , says = ""] = line.split("|");
      assert.ok(
        inputs.includes(name === "provision" ? "a script of `provision`" : `\`${name}\``),
        `${verb}: ${name}`,
      );
      const isSpecial = name === "sshPrivateKey";
      assert.ok(
        says.includes(isSpecial ? "`sshPrivateKey`: all that is on it, too" : words[shown]),
        `${name}: ${says}`,
      );
    }
  });
});
