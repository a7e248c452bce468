import assert from "node:assert/strict";
import { test } from "node:test";
import { SettingsError } from "../../settings";
import { checkSettingsText } from "../../settings/file";
import { brokenPairs } from "./broken-pairs";
import { type BadValue, badValues } from "./broken-settings";
import { corpusRows, corpusTable } from "./corpus-table";
import {
  addressStack,
  type Config,
  containerStack,
  goodFor,
  hostsStack,
  machinesStack,
  partsOf,
  textOf,
  withValue,
} from "./good-stacks";
import { type Leaf, leaves } from "./setting-leaves";

/** What is wrong with a stack, as sentences; none if it is right. */
function sentencesOf(config: Config): string[] {
  try {
    checkSettingsText(textOf(config), "Pulumi.test.yaml");
    return [];
  } catch (error) {
    assert.ok(error instanceof SettingsError, `no error for people: ${(error as Error).stack}`);
    return error.message.split("\n").slice(1, -1);
  }
}

const atType: Record<Leaf["kind"], (leaf: Leaf) => BadValue[]> = {
  number: ({ least = 0, most = 0 }) => [
    [least - 1, /at least|less than/],
    [most + 1, /at most/],
    ["many", /number/],
    [[1], /number/],
    ["0x10", /number/],
  ],
  truth: () => [
    ["perhaps", /true or false/],
    [7, /true or false/],
    [["true"], /true or false/],
  ],
  choice: () => [
    ["none-of-them", /must be/],
    [7, /must be/],
    [["x"], /must be/],
  ],
  text: () => [],
};

const rowsOf = (leaf: Leaf): BadValue[] => [...atType[leaf.kind](leaf), ...(badValues[leaf.path] ?? [])];

test("the stacks that are changed are right as they are", () => {
  for (const good of [
    machinesStack,
    hostsStack,
    containerStack,
    addressStack,
    goodFor("subnet"),
    goodFor("advertInterval"),
  ])
    assert.deepEqual(sentencesOf(good), []);
});

test("each setting has three values and more that are refused, and the corpus has 250", (t) => {
  const few = leaves.filter((leaf) => rowsOf(leaf).length < 3).map(({ path }) => path);
  assert.deepEqual(few, []);
  const unknown = Object.keys(badValues).filter((path) => !leaves.some((leaf) => leaf.path === path));
  assert.deepEqual(unknown, [], "of settings that there are no longer");
  const written = Object.values(badValues).flat().length + brokenPairs.length;
  assert.ok(written >= 250, `${written} written by hand`);
  assert.ok(brokenPairs.length >= 40, `${brokenPairs.length} pairs`);
  const alone = new Map(leaves.map((leaf) => [leaf.path, rowsOf(leaf).length]));
  const lines = corpusTable(corpusRows(alone, brokenPairs), brokenPairs).split("\n");
  // The whole table: HA_RANCHER_CORPUS=1.
  for (const line of process.env.HA_RANCHER_CORPUS ? lines : lines.slice(-1)) t.diagnostic(line);
});

test("secrets in clear are refused outside of dev, and encrypted ones are not", () => {
  const clear = { ...machinesStack, environment: "prod", boxUrl: "https://me:pass@boxes.example.com/x.box" };
  const named = (config: Config): string[] =>
    sentencesOf(config).map((each) => /`([^`]+)`/.exec(each)?.[1] ?? each);
  assert.deepEqual(named(withValue(clear, ["extraEnvironment", "DB_PASSWORD"], "x")), [
    "keepalived.authHmac.key",
    "tls.key",
    "extraEnvironment.DB_PASSWORD",
    "notify.webhooks[0].url",
    "notify.mail.password",
    "fencing.options.password",
    "fencing.sshKey",
    "boxUrl",
    "registryLogin.password",
  ]);
  assert.deepEqual(named({ ...hostsStack, environment: undefined, tls: undefined, fencing: undefined }), [
    "keepalived.authHmac.key",
    "notify.webhooks[0].url",
    "notify.mail.password",
    "nodes[0].host.privateKey",
    "nodes[1].host.privateKey",
  ]);
  const secure = { secure: "v1:abc" };
  const encrypted = [
    "registryLogin.password",
    "tls.key",
    "keepalived.authHmac.key",
    "fencing.sshKey",
    "fencing.options.password",
    "notify.webhooks[0].url",
    "notify.mail.password",
    "boxUrl",
  ];
  const changed = encrypted.reduce(
    (config, path) => withValue(config, partsOf(path), secure),
    clear as Config,
  );
  assert.deepEqual(named(changed), []);
});

/** Whether a sentence names a setting, or what is in it or right around it, and says in which line. */
function says(sentence: string, path: string, words: RegExp): boolean {
  const bare = path.replaceAll(/\[\]|\.\{\}/g, "");
  const named = [...sentence.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name.replaceAll(/\[\d*\]/g, ""));
  return (
    named.some((name) => name.startsWith(bare) || bare.startsWith(`${name}.`) || bare === name) &&
    words.test(sentence) &&
    / \(line \d+\) /.test(sentence)
  );
}

for (const leaf of leaves)
  test(`refused as \`${leaf.path}\`: ${rowsOf(leaf).length} values`, () => {
    for (const [value, words] of rowsOf(leaf)) {
      const sentences = sentencesOf(withValue(goodFor(leaf.path), partsOf(leaf.path), value));
      const shown = `${JSON.stringify(value)}:\n${sentences.join("\n")}`;
      assert.ok(sentences.length > 0, `accepted: ${shown}`);
      assert.ok(
        sentences.some((each) => says(each, leaf.path, words)),
        `${words} is not said of ${leaf.path} at ${shown}`,
      );
      assert.doesNotMatch(shown.slice(shown.indexOf("\n")), /undefined|\[object|Invalid|expected |^\s+at /m);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
      assert.doesNotMatch(sentences.join(""), /[\u0000-\u001f\u200b\u202e]/);
    }
  });

for (const { what, of, change, names, words } of brokenPairs)
  test(`refused together: ${what}`, () => {
    const good = {
      machines: machinesStack,
      hosts: hostsStack,
      container: containerStack,
      address: addressStack,
    }[of];
    const changed = Object.entries(change).reduce(
      (config, [path, value]) => withValue(config, partsOf(path), value),
      good,
    );
    // Neither of them is wrong by itself, but where the one says so of what both are.
    const sentences = sentencesOf(changed);
    const all = sentences.join("\n");
    assert.ok(sentences.length > 0, "accepted");
    for (const name of names) assert.ok(all.includes(`\`${name}\``), `\`${name}\` is not named in:\n${all}`);
    assert.match(all, words);
  });
