import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { rules } from "../../policy/rules";
import { cases, type Declaration } from "./policy-cases";
import { copiedPack, PolicyStack } from "./policy-stack";

/*
 * Each rule through the real CLI, once kept and once broken. All that is bad is one program and all that is good is
 * another, so that a few runs show all.
 */

const declarations = (kind: "good" | "bad", names = Object.keys(cases)): Declaration[] =>
  names.flatMap((name) => cases[name]?.[kind] ?? []);

const all = rules.map(({ name }) => name);
const corrected = rules.filter(({ levels }) => levels.prod === "remediate").map(({ name }) => name);

/** `[level]  rule` lines, as the CLI lists them. */
const listed = (text: string): string[] => [
  ...new Set(
    [...text.matchAll(/\[(\w+)\](?: \[severity: \w+\])? {2}([\w-]+) {2}\(/g)].map(
      ([, level, name]) => `${level} ${name}`,
    ),
  ),
];

let stack: PolicyStack;

before(async () => {
  stack = await PolicyStack.make("policies");
});
after(() => stack?.close());

test("a stack that breaks every rule is told each of them, and nothing of it is made", async () => {
  await stack.environment("prod");
  stack.declare(declarations("bad", all));
  const mandatory = Object.fromEntries(corrected.map((name) => [name, "mandatory"]));
  const { code, text } = await stack.judged("up", ["--yes"], mandatory);
  assert.notEqual(code, 0);
  assert.deepEqual(listed(text).sort(), all.map((name) => `mandatory ${name}`).sort(), text);
  for (const name of all) assert.match(text, cases[name]?.says ?? /never/, name);
  assert.doesNotMatch(text, /hunter22/, "a secret is repeated");
  assert.deepEqual(stack.resources(), []);
  assert.deepEqual(stack.calls(), []);
});

test("what a rule can correct is corrected, and said so", async () => {
  stack.declare(declarations("bad", corrected));
  const others = all.filter((name) => !corrected.includes(name));
  const off = Object.fromEntries(others.map((name) => [name, "disabled"]));
  const { code, text } = await stack.judged("preview", ["--diff"], off);
  assert.equal(code, 0, text);
  assert.deepEqual(listed(text).sort(), corrected.map((name) => `remediate ${name}`).sort(), text);
  assert.match(text, /sshInsertKey *: true/);
  assert.match(text, /restart *: "no"/);
});

test("a stack that keeps every rule passes without a remark", async () => {
  stack.declare(declarations("good", all));
  // Its machines are what prod does not allow.
  const { code, text } = await stack.judged("preview", [], { "provider-of-environment": { vagrant: true } });
  assert.equal(code, 0, text);
  assert.deepEqual(listed(text), [], text);
});

test("the levels are those of the stack's environment", async () => {
  await stack.environment("blog");
  stack.declare(
    declarations("bad", ["vip-in-subnet", "no-nfs-3", "memory-floor", "box-pinned", "protected-data"]),
  );
  const { code, text } = await stack.judged("preview");
  assert.equal(code, 0, text);
  assert.deepEqual(
    listed(text).sort(),
    ["box-pinned", "memory-floor", "no-nfs-3", "vip-in-subnet"].map((name) => `advisory ${name}`),
    text,
  );
});

test("a copy of the pack's folder judges as well, with nothing of this package around it", async () => {
  await stack.environment("prod");
  stack.declare(declarations("bad", ["host-key-pinned"]));
  const { code, text } = await stack.judged("preview", [], {}, copiedPack(stack.folder));
  assert.notEqual(code, 0);
  assert.deepEqual(listed(text), ["mandatory host-key-pinned"], text);
});

test("a configuration that is none of a rule's is refused, with the rule and the reason", async () => {
  stack.declare(declarations("good", ["box-pinned"]));
  for (const [wrong, says] of [
    [{ "memory-floor": { least: "much" } }, /memory-floor[\s\S]*least/],
    [{ "memory-floor": { least: 0 } }, /memory-floor[\s\S]*least/],
    [{ "router-id-unique": { taken: [256] } }, /router-id-unique[\s\S]*taken/],
    [{ "privileged-only-rancher": { allowed: "all" } }, /privileged-only-rancher[\s\S]*allowed/],
  ] as const) {
    const { code, text } = await stack.judged("preview", [], wrong);
    assert.notEqual(code, 0, JSON.stringify(wrong));
    assert.match(text, says);
  }
});
