import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { changes, topLevel } from "../../lab/plugins/diff";
import { checkFields, type Fields } from "../../lab/plugins/fields";
import { fromStruct, shortened, toStruct } from "../../lab/plugins/messages";
import { plain, same, type Value, type Values } from "../../lab/plugins/values";
import { unknownValue as unknown } from "../../local/pulumi/values";

/** Names that begin like this are Pulumi's own, and `__proto__` is JavaScript's. */
const memberName = fc.string({ minLength: 1 }).filter((name) => !name.startsWith("__"));

const value: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc.string(),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(memberName, tie("value"), { maxKeys: 3, noNullPrototype: true }),
  ),
})).value;
const values = fc.dictionary(memberName, value, {
  noNullPrototype: true,
}) as fc.Arbitrary<Values>;

/** The same, with the members of all objects in the opposite order. */
function reversed(given: Value): Value {
  if (Array.isArray(given)) return given.map(reversed);
  if (given === null || typeof given !== "object") return given;
  return Object.fromEntries(
    Object.entries(given)
      .reverse()
      .map(([name, part]) => [name, reversed(part)]),
  );
}

describe("property values", () => {
  test("survive the way through Pulumi's messages", () => {
    fc.assert(fc.property(values, (given) => assert.deepEqual(fromStruct(toStruct(given)), given)));
  });

  test("are the same whatever the order of members, and not when one differs", () => {
    fc.assert(fc.property(value, (given) => same(given, reversed(given))));
    fc.assert(
      fc.property(value, value, (a, b) => {
        assert.equal(same(a, b), isDeepStrictEqual(a, b));
      }),
    );
  });

  test("lose what is absent and what is Pulumi's own, at every depth", () => {
    assert.deepEqual(plain({ a: null, __defaults: ["a"], b: [{ c: null, d: 0, __meta: "" }], e: false }), {
      b: [{ d: 0 }],
      e: false,
    });
  });
});

describe("differences", () => {
  test("there are none exactly when two bags are the same", () => {
    fc.assert(fc.property(values, values, (a, b) => (changes(a, b).length === 0) === same(a, b)));
    fc.assert(fc.property(values, (a) => changes(a, reversed(a) as Values).length === 0));
  });

  test("are named as Pulumi names them, at the leaves", () => {
    assert.deepEqual(
      changes(
        {
          connection: { host: "a", port: 22 },
          triggers: [1, { a: 1 }],
          gone: 1,
          environment: { "a-b": "1" },
        },
        {
          connection: { host: "b", port: 22 },
          triggers: [1, { a: 2 }, 3],
          come: {},
          environment: { "a-b": "2" },
        },
      ).map(({ path, kind }) => `${kind} ${path}`),
      [
        "update connection.host",
        "update triggers[1].a",
        "add triggers[2]",
        "delete gone",
        'update environment["a-b"]',
        "add come",
      ],
    );
  });

  test("a path's first part is its property", () => {
    assert.deepEqual(["triggers[0]", "connection.host", "name", 'environment["x"]'].map(topLevel), [
      "triggers",
      "connection",
      "name",
      "environment",
    ]);
  });
});

describe("checking properties", () => {
  const fields: Fields = {
    name: { is: "string", required: true },
    count: { is: "number", default: 3 },
    list: { is: "list", of: { is: "object", fields: { size: { is: "number", required: true } } } },
    old: { is: "refused", allowed: [false], instead: "use the new one" },
  };
  const reasons = (news: Values): string[] =>
    checkFields("x", fields, news).failures.map(({ reason }) => reason);

  test("fills in defaults and names everything that is wrong, with its place", () => {
    const { inputs, failures } = checkFields("x", fields, {
      list: [{}, { size: "1", colour: "red" }],
      extra: 1,
    });
    assert.equal(inputs.count, 3);
    assert.deepEqual(failures.map(({ property }) => property).sort(), [
      "extra",
      "list[0].size",
      "list[1].colour",
      "list[1].size",
      "name",
    ]);
  });

  test("nothing that is not implemented passes, whatever its name", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.integer(), (name, number) => {
        fc.pre(!name.startsWith("__") && !Object.hasOwn(fields, name));
        const { inputs, failures } = checkFields(
          "x",
          fields,
          Object.fromEntries([
            ["name", "n"],
            [name, number],
          ]),
        );
        assert.deepEqual(
          failures.map(({ property }) => property),
          [name],
        );
        assert.ok(!Object.hasOwn(inputs, name));
      }),
    );
  });

  test("a refused property passes with the value that changes nothing, and with a value that is not known yet", () => {
    assert.deepEqual(reasons({ name: "n", old: false }), []);
    assert.deepEqual(reasons({ name: unknown, old: unknown, list: unknown, count: unknown }), []);
    assert.match(
      reasons({ name: "n", old: true })[0] ?? "",
      /`old` is not implemented.*x plugin: use the new one/,
    );
  });
});

test("a message that is too long keeps its beginning and its end", () => {
  assert.equal(shortened("short"), "short");
  const long = `begin${"x".repeat(100_000)}end`;
  assert.match(shortened(long), /^beginx+\n\[\.\.\. \d+ characters left out \.\.\.\]\nx+end$/);
  assert.ok(shortened(long).length < 17_000);
});
