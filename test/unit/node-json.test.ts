import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import fc from "fast-check";
import { z } from "zod";
import { packageRoot } from "../../local/root";
import { answerOf } from "../../providers/remote/answer";

/** Runs a line with a library of node/lib; gives what it printed. */
const bash = (library: string, line: string, ...args: string[]): string =>
  execFileSync("bash", ["-c", `set -u; source node/lib/${library}; ${line}`, "-", ...args], {
    cwd: packageRoot,
    encoding: "utf8",
    env: { ...process.env, LC_ALL: "C" },
  });

/** Any text that can be an argument: UTF-8, without null bytes. */
const argument = fc
  .string({ unit: "grapheme", maxLength: 30 })
  .filter((text) => !/\0|\p{Surrogate}/u.test(text));
const controls = Array.from({ length: 31 }, (_, i) => String.fromCharCode(i + 1)).join("");

test("texts survive as JSON, whatever they hold", () => {
  const texts = fc.array(argument, { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(texts, (all) => {
      const printed = bash("json.bash", 'json_list "$@"; printf "%s\\n" "$REPLY"', ...all);
      assert.deepEqual(JSON.parse(printed), all);
    }),
    { numRuns: 40, examples: [[["", '"', "\\", "\\n", "\n", "&", "$(x)`x`", controls, "\u007f", "ä€😀"]]] },
  );
});

test("an object has each value in its form", () => {
  const line = `json_object a string "$1" b text "" c number 12 d number x e is 1 f is 0 g raw '[1]' h text h i number 0
    printf '%s\\n' "$REPLY"`;
  assert.equal(
    bash("json.bash", line, 'x"y'),
    '{"a":"x\\"y","b":null,"c":12,"d":null,"e":true,"f":false,"g":[1],"h":"h","i":null}\n',
  );
  assert.equal(
    bash("json.bash", 'json_bool test 1 = 1; printf %s "$REPLY"; json_bool false; printf %s "$REPLY"'),
    "truefalse",
  );
  assert.equal(bash("json.bash", 'json_list; printf %s "$REPLY"'), "[]");
});

test("an answer that is none is told as what it is", () => {
  const schema = z.object({ a: z.number() });
  assert.deepEqual(answerOf(schema, "x", '{"a":1}\n'), { a: 1 });
  assert.throws(
    () => answerOf(schema, "x", "Welcome!\n"),
    /^Error: `x` printed no JSON: Welcome!; is something printed at each login there\?$/,
  );
  assert.throws(() => answerOf(schema, "x", ""), /: nothing;/);
  assert.throws(() => answerOf(schema, "x", '{"a":"1"}'), /`x` printed something unexpected at `a`/);
});
