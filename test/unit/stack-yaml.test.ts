import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { SettingsError } from "../../settings";
import { checkSettingsFile, checkSettingsText } from "../../settings/file";
import { settingsText } from "../../settings/stack-file";
import { fileWith, readAlike, readDifferently } from "./pulumi-reads";

function refusalOf(text: string): string {
  try {
    checkSettingsText(text, "Pulumi.test.yaml");
  } catch (error) {
    assert.ok(error instanceof SettingsError, `no error for people: ${(error as Error).stack}`);
    return error.message;
  }
  return assert.fail(`accepted: ${text.slice(0, 200)}`);
}

for (const [what, value] of Object.entries(readDifferently))
  test(`refused, since Pulumi might read something else: ${what}`, () => {
    const lines = refusalOf(fileWith(value)).split("\n").slice(1, -1);
    // What else is wrong is said as well: that the file has no other setting, and that no list is an image.
    const others = /`(vip|nodes)` \(line 2\) is missing|`image` \(line [34]\) must be an image/;
    const own = lines.filter((line) => !others.test(line));
    assert.equal(own.length, 1, lines.join("\n"));
    assert.match(own[0] ?? "", /^ {2}- (`image[^`]*`|Pulumi\.test\.yaml) \(line [34]\) .+: .+/);
    assert.match(own[0] ?? "", /quotes|digits|value|remove|without|blank|line|block|backslash/);
  });

test("what both read alike is accepted, and quotes are the way out that is named", () => {
  for (const value of readAlike)
    assert.equal(typeof settingsText(fileWith(value), "x").image, "string", value);
  assert.equal(settingsText(fileWith('"0443"'), "x").image, "0443");
  assert.equal(settingsText(fileWith('"2025-01-26"'), "x").image, "2025-01-26");
});

test("what cannot be read is told once, beside all that is wrong elsewhere", () => {
  const lines = refusalOf(
    "config:\n  ha-rancher:vip:\n  ha-rancher:nodes:\n    - { name: one, address: 192.168.56.11 }\n    - { name: one, address: ~ }\n",
  ).split("\n");
  assert.deepEqual(
    lines.slice(1, -1).map((line) => /`[^`]+` \(line \d\) \w+ \w+/.exec(line)?.[0]),
    ["`vip` (line 2) has no", "`nodes` (line 3) has the", "`nodes[1].address` (line 5) must be"],
  );
});

test("settings whose names are those of every object are no settings", () => {
  for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
    assert.match(
      refusalOf(`config:\n  ha-rancher:${name}: {a: 1}\n`),
      new RegExp(`\`${name}\` \\(line 2\\) is not a`),
    );
    for (const inside of ["guard", "fencing", "keepalived", "backup"])
      assert.match(
        refusalOf(`config:\n  ha-rancher:${inside}:\n    ${name}: 1\n`),
        new RegExp(`\`${inside}\\.${name}\` \\(line 3\\) is not a`),
      );
  }
});

const fill = (piece: string, count: number): string => piece.repeat(count);
/** Files that would take a parser's time, stack or memory. */
const heavy: Record<string, string> = {
  brackets: `config: ${fill("[", 19_000)}\n`,
  "brackets that close": `config: ${fill("[", 9_900)}${fill("]", 9_900)}\n`,
  "brackets in a text": `config:\n  ha-rancher:bridge: '${fill("[", 9_900)}${fill("]", 9_900)}'\n`,
  braces: `config: ${fill("{a: ", 9_000)}\n`,
  dashes: `config:\n ${fill("- ", 19_000)}x\n`,
  "a million dashes": `config:\n ${fill("- ", 1_000_000)}x\n`,
  "one name again and again": `config:\n${fill("  a:b: 1\n", 4_900)}`,
  "many names": `config:\n${Array.from({ length: 4_900 }, (_, i) => `  a:b${i}: 1\n`).join("")}`,
  "many nodes": `config:\n  ha-rancher:nodes: [${fill("{name: a},", 4_500)}]\n`,
  "many variables": `config:\n  ha-rancher:extraEnvironment: {${Array.from({ length: 9_000 }, (_, i) => `A${i}: 1`).join(", ")}}\n`,
  "anchors of anchors": `a: &a [x,x]\n${Array.from({ length: 30 }, (_, i) => `b${i}: &b${i} [*${i ? `b${i - 1}` : "a"},*a]\n`).join("")}config: *b29\n`,
  "an alias of itself": "config: &a [*a]\n",
  "an alias of nothing": "config: *nothing\n",
  "a long number": `config:\n  ha-rancher:cpus: ${fill("1", 120_000)}\n`,
  "a long name": `config:\n  ha-rancher:hostname: ${fill("a-", 60_000)}!\n`,
  "a long image": `config:\n  ha-rancher:image: ${fill("a.", 60_000)}!\n`,
  "a long certificate": `config:\n  ha-rancher:tls: {certificate: "-----BEGIN CERTIFICATE-----\\n${fill("A", 120_000)}", key: x}\n`,
  "a long address": `config:\n  ha-rancher:vip: ${fill("1.", 60_000)}\n`,
  comments: fill("#\n", 4_990),
  blanks: `config:${fill(" ", 120_000)}\n`,
  questions: fill("? ", 19_000),
  "sixty megabytes": fill("x", 60_000_000),
};

for (const [what, text] of Object.entries(heavy))
  test(`bounded in time and words: ${what}`, () => {
    const begun = process.cpuUsage();
    const message = refusalOf(text);
    const { user, system } = process.cpuUsage(begun);
    assert.ok(user + system < 10_000_000, `${(user + system) / 1e6} s`);
    assert.ok(message.length < 16_000, `${message.length} characters`);
    assert.doesNotMatch(message, /^\s+at |defect|Maximum call stack/m);
  });

test("bytes that are no UTF-8, a null and a directory are the file's mistake", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "ha-rancher-yaml-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "Pulumi.bytes.yaml");
  for (const bytes of [[0xff, 0xfe, 0x61, 0x00], [0x61, 0x3a, 0x20, 0xc3], [0x00]]) {
    writeFileSync(file, Buffer.from(bytes));
    assert.throws(
      () => checkSettingsFile(file),
      (error) => error instanceof SettingsError && /\(line 1\) has a character/.test(error.message),
    );
  }
  assert.throws(() => checkSettingsFile(folder), /EISDIR|is no file/);
});

test("a mistake is said with the line that it is on", () => {
  const text =
    "config:\n  ha-rancher:vip: 192.168.56.10/24\n  ha-rancher:nodes:\n    - name: a\n      address: nowhere\n    - name: b\n      address: 192.168.56.12\n";
  assert.match(refusalOf(text), /`nodes\[0\]\.address` \(line 5\) must be an IPv4 address/);
});
