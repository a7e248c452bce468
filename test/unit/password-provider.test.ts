import assert from "node:assert/strict";
import { test } from "node:test";
import { unknownValue } from "../../local/pulumi/values";
import { generatePassword, password } from "../../providers/password/password-provider";

test("a password has 24 characters unless said otherwise, none of them ambiguous", async () => {
  const { inputs, failures } = await password.check({}, {});
  assert.deepEqual([inputs, failures], [{ length: 24 }, []]);
  const { outs } = await password.create(inputs);
  assert.match(outs?.value ?? "", /^[A-HJ-NP-Za-km-np-z2-9]{24}$/);
});

test("two are never the same, and all characters occur about equally often", () => {
  assert.notEqual(generatePassword(24), generatePassword(24));
  const counts = new Map<string, number>();
  for (const character of generatePassword(56_000)) counts.set(character, (counts.get(character) ?? 0) + 1);
  assert.equal(counts.size, 56);
  // 1000 expected, standard deviation 31.
  for (const [character, count] of counts) assert.ok(Math.abs(count - 1000) < 220, `${character}: ${count}`);
});

test("it survives updates and refreshes, and only another length makes a new one", async () => {
  const olds = { length: 24, value: "old" };
  assert.deepEqual(await password.diff("password", olds, { ...olds }), {
    ...{ changes: false, replaces: [], stables: ["value"] },
  });
  assert.deepEqual(await password.update("password", olds, { length: 24 }), {
    outs: { length: 24, value: "old" },
  });
  assert.deepEqual(await password.read("password", olds), {
    id: "password",
    props: { length: 24, value: "old" },
    inputs: { length: 24 },
  });
  const { replaces } = await password.diff("password", olds, { length: 30 });
  assert.deepEqual(replaces, ["length"]);
});

test("bad lengths are named, unknown ones are not judged", async () => {
  const reasons = async (length: unknown): Promise<unknown> =>
    (await password.check({}, { length })).failures?.map(({ property, reason }) => `${property}: ${reason}`);
  assert.deepEqual(await reasons(11), ["length: `length` must be 12 or more: shorter passwords are guessed"]);
  assert.deepEqual(await reasons("x"), ["length: `length` must be a whole number of characters"]);
  assert.deepEqual(await reasons(12.5), ["length: `length` must be a whole number of characters"]);
  assert.deepEqual(await reasons(unknownValue), []);
});
