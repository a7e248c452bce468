import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type RollOutWorld, rollOut as roll } from "../../providers/one-by-one";
import { nodeScriptLine } from "../../providers/remote/script";
import {
  type ConfigurationOutputs,
  configuration,
  nodesToChange,
} from "../../providers/vip/configuration-provider";
import { keepalived } from "../../providers/vip/keepalived-provider";

const rollOut = (nodes: string[], each: RollOutWorld, limit = 10_000) =>
  roll(nodes, each, { limit, lost: "no node holds the VIP" });

/** A world in which `holder` holds the VIP; `broken` cannot be changed, and after `fatal` nobody holds it. */
function world(holder: string | undefined, broken?: string, fatal?: string) {
  const applied: string[] = [];
  return {
    applied,
    holders: async () => ({
      holders: holder && !(fatal && applied.includes(fatal)) ? [holder] : [],
      unreachable: [],
    }),
    apply: async (name: string) => {
      if (name === broken) throw new Error("it is dead");
      applied.push(name);
    },
  };
}

test("backups are changed first, the holder last, whoever it is", async () => {
  for (const [holder, order] of [
    ["a", ["c", "b", "a"]],
    ["b", ["c", "a", "b"]],
    ["c", ["b", "a", "c"]],
    [undefined, ["c", "b", "a"]],
  ] as const) {
    const w = world(holder);
    assert.deepEqual(await rollOut(["c", "b", "a"], w), { done: order });
    assert.deepEqual(w.applied, order);
  }
});

test("a node that dies on the way leaves the others as they are", async () => {
  const w = world("a", "b");
  const { done, failure } = await rollOut(["c", "b", "a"], w);
  assert.deepEqual(done, ["c"]);
  assert.match(failure ?? "", /^b cannot be changed; a is as before: it is dead$/);
  assert.deepEqual(w.applied, ["c"]);
});

test("nothing more is changed once the VIP is lost", async () => {
  const w = world("a", undefined, "c");
  const { done, failure } = await rollOut(["c", "b", "a"], w, 50);
  assert.deepEqual(done, ["c"]);
  assert.match(failure ?? "", /^no node holds the VIP since c was changed; b and a are as before/);
  assert.deepEqual(w.applied, ["c"]);
});

test("where nobody held the VIP before, it cannot be lost", async () => {
  const w = world(undefined);
  assert.deepEqual((await rollOut(["b", "a"], w, 50)).done, ["b", "a"]);
});

test("the holder is last, each node is changed at most once, and a failure stops it, for any cluster", async () => {
  const names = ["a", "b", "c", "d"];
  const name = fc.constantFrom(...names);
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(name, { minLength: 1 }),
      fc.option(name, { nil: undefined }),
      fc.option(name, { nil: undefined }),
      async (nodes, holder, broken) => {
        const w = world(holder, broken);
        const { done, failure } = await rollOut(nodes, w);
        assert.deepEqual(done, w.applied);
        assert.equal(new Set(done).size, done.length);
        assert.equal(failure === undefined, !nodes.includes(broken ?? ""));
        if (holder && done.includes(holder)) assert.equal(done.at(-1), holder);
      },
    ),
  );
});

const ssh = (host: string, hostKey = "key") => ({ host, port: 22, user: "root", hostKey }) as never;
const olds: ConfigurationOutputs = {
  vip: "192.168.56.10",
  endpoints: { a: ssh("1"), b: ssh("2") },
  contents: { a: "one", b: "two" },
  facts: { a: "", b: "" },
  order: ["a", "b"],
  faults: {},
};

test("only what differs is changed: a file, a fault, another machine, a new node", async () => {
  const { faults: _, ...inputs } = olds;
  assert.deepEqual(nodesToChange(olds, inputs), []);
  // The engine does not keep the order of names.
  const turned = { ...inputs, contents: { b: "two", a: "one" } };
  assert.equal((await configuration.diff("", olds, turned)).changes, false);
  assert.equal((await configuration.diff("", olds, structuredClone(inputs))).changes, false);
  for (const [news, from, names] of [
    [{ ...inputs, contents: { a: "one", b: "new" } }, olds, ["b"]],
    [{ ...inputs, facts: { a: "", b: "HEARD='4'\n" } }, olds, ["b"]],
    // Of a version whose keepalived.conf had it in comments.
    [inputs, { ...olds, facts: {} }, ["a", "b"]],
    [inputs, { ...olds, faults: { a: "keepalived is masked at boot" } }, ["a"]],
    [{ ...inputs, endpoints: { a: ssh("1", "another"), b: ssh("2") } }, olds, ["a"]],
    [
      {
        ...inputs,
        endpoints: { ...inputs.endpoints, c: ssh("3") },
        contents: { ...inputs.contents, c: "x" },
        facts: { ...inputs.facts, c: "" },
        order: ["a", "b", "c"] as string[],
      },
      olds,
      ["c"],
    ],
  ] as const) {
    assert.deepEqual(nodesToChange(from, news), names);
    assert.equal((await configuration.diff("", from, news)).changes, true);
  }
});

test("what a preview does not know yet is a change, and no mistake", async () => {
  const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9" as never;
  const news = { ...olds, endpoints: unknown, contents: unknown };
  assert.equal((await configuration.diff("", olds, news)).changes, true);
  assert.deepEqual((await configuration.check({}, news)).failures, []);
  const partly = { ...olds, contents: { a: "one", b: unknown } };
  assert.equal((await configuration.diff("", olds, partly)).changes, true);
});

test("keepalived on another host is a new one; another way to log in is not", async () => {
  const state = {
    ssh: ssh("1"),
    minimumVersion: "2.1.5",
    vips: ["192.168.56.10/24"],
    version: "2.2.7",
    installed: [],
  };
  const { version: _, installed: __, ...inputs } = state;
  const diff = (news: object) => keepalived.diff("", state, { ...inputs, ...news });
  const stays = ["version", "installed"];
  const inPlace = { replaces: [], deleteBeforeReplace: false };
  assert.deepEqual(await diff({}), { ...inPlace, changes: false, stables: stays });
  assert.deepEqual((await diff({ ssh: ssh("2") })).replaces, ["ssh"]);
  // It is installed there, perhaps with another version.
  assert.deepEqual(await diff({ ssh: ssh("1", "new") }), { ...inPlace, changes: true, stables: [] });
  assert.deepEqual(await diff({ vips: [] }), { ...inPlace, changes: true, stables: stays });
  const { failures = [] } = await keepalived.check({}, { minimumVersion: "new", vips: ["x; reboot"] });
  assert.deepEqual(
    failures.map(({ property }) => property),
    ["minimumVersion", "vips[0]"],
  );
});

test("arguments reach a script as they are, whatever they hold", () => {
  const line = nodeScriptLine({ path: "keepalived/maintenance" }, ["$(reboot)", "a'b"]);
  assert.ok(line.endsWith(`/keepalived/maintenance '$(reboot)' 'a'\\''b'`), line);
});
