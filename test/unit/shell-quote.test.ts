import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import fc from "fast-check";
import { shellQuote } from "../../domain/shell-quote";

/** What a real shell makes of a command's words, including the first. */
function words(command: string): string[] {
  const { stdout, stderr, status } = spawnSync("/bin/sh", ["-c", `printf '%s\\0' ${command}`], {
    encoding: "utf8",
  });
  assert.equal(status, 0, stderr);
  return stdout.split("\0").slice(0, -1);
}

const nasty = [
  "",
  "'",
  "''",
  "it's",
  '"',
  "\\",
  "\\'",
  "$HOME",
  "`id`",
  "$(id)",
  "a b",
  " a ",
  "\n",
  "a\nb\n",
  "\t",
  "*",
  "~",
  "~root",
  "-n",
  "--",
  "#",
  "a#b",
  "!",
  "!!",
  "a;b",
  "a&b",
  "a|b",
  "{a,b}",
  "[a]",
  "a=b",
  "ä€😀",
  "\u00a0",
  "\u2028",
  "\x01\x7f",
  "\r\n",
];

test("the shell gets every nasty text back as one word, unchanged", () => {
  assert.deepEqual(words(nasty.map(shellQuote).join(" ")), nasty);
});

test("the shell gets any text back as one word, unchanged", () => {
  const ascii = fc.string({ unit: "binary-ascii" }).map((value) => value.replaceAll("\0", ""));
  const text = fc.oneof(ascii, fc.string({ unit: "grapheme" }));
  fc.assert(
    fc.property(fc.array(fc.oneof(text, fc.stringMatching(/^['"\\$`\n ]*$/)), { minLength: 1 }), (texts) => {
      assert.deepEqual(words(texts.map(shellQuote).join(" ")), texts);
    }),
    { numRuns: 100 },
  );
});

test("a quoted text in the command's place is never an assignment or an option of the shell", () => {
  const { status, stderr } = spawnSync("/bin/sh", ["-c", shellQuote("PATH=x")], { encoding: "utf8" });
  assert.equal(status, 127);
  assert.match(stderr, /PATH=x/);
});

test("harmless words stay readable", () => {
  for (const word of ["/etc/keepalived/keepalived.conf", "root:root", "0644", "a-b_c.d@e"])
    assert.equal(shellQuote(word), word);
});

test("what no shell can carry is refused", () => {
  assert.throws(() => shellQuote("a\0b"), /null byte/);
  assert.throws(() => shellQuote("a\ud800b"), /surrogate/);
});
