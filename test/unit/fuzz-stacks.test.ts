import assert from "node:assert/strict";
import { test } from "node:test";
import { stringify } from "yaml";
import { type Settings, SettingsError } from "../../settings";
import { checkSettingsText } from "../../settings/file";
import { choosePlace } from "../../workloads/from-settings/place";
import { rancherArgs } from "../../workloads/rancher/from-settings";
import { bent, Chance, disturbed, fuzzRuns, fuzzSeed, nastyValue } from "./fuzz-random";
import { type Config, goodFor, hostsStack, machinesStack, partsOf, textOf, withValue } from "./good-stacks";
import { leaves } from "./setting-leaves";

/*
 * Stack files at random from a seed: good ones with settings of the schema changed, exchanged or removed, and with
 * characters of the text changed. The answer is a refusal that says which setting, or what `up` would make.
 */

/** A stack with one to four changes. */
function changed(chance: Chance): Config {
  let config = chance.is(0.5) ? machinesStack : hostsStack;
  for (let i = chance.below(4); i >= 0; i--) {
    const { path, least = 0, most = 0 } = chance.of(leaves);
    const good = chance.is(0.1) ? goodFor(path) : config;
    const other = partsOf(chance.of(leaves).path);
    const value = chance.is(0.3)
      ? chance.of([least, most, least - 1, most + 1, (least + most) / 2])
      : chance.is(0.3)
        ? other.reduce<unknown>((place, part) => (place as Record<string, unknown> | undefined)?.[part], good)
        : nastyValue(chance);
    try {
      config = chance.is(0.6) ? withValue(good, partsOf(path), value) : (disturbed(chance, config) as Config);
    } catch {
      // A former change left nothing there to change.
    }
    if (typeof config !== "object" || config === null) config = {};
  }
  return config;
}

function fileOf(chance: Chance): string {
  const config = changed(chance);
  const json = textOf(config);
  const text = chance.is(0.5) ? json : stringify(JSON.parse(json));
  return chance.is(0.3) ? bent(chance, text) : text;
}

/** What `up` would be asked for, as far as it follows without Pulumi. */
function planOf(settings: Settings): void {
  const place = choosePlace(settings, undefined, "fuzz");
  const args = rancherArgs(settings, place, { project: "ha-rancher", stack: "fuzz" });
  assert.ok(args.nodes.length >= 2);
  const { dataDirectory, backup } = args;
  for (const path of [
    dataDirectory,
    backup?.directory,
    !place.storage || "path" in place.storage ? undefined : place.storage.directory,
  ])
    if (path !== undefined)
      assert.match(path as string, /^\/(?!.*\/\.\.?(\/|$))(?!(etc|usr|bin|dev|proc|sys)(\/|$))/);
}

function assertForPeople(error: SettingsError, text: string): void {
  const sentences = error.message.split("\n").slice(1, -1);
  assert.ok(sentences.length > 0 && sentences.length <= 21, error.message);
  for (const sentence of sentences) {
    assert.match(sentence, /^ {2}- (.*`.+`|Pulumi\.fuzz\.yaml|and \d+ more)/, "no setting is named");
    assert.ok(sentence.length < 3_000, `${sentence.length} characters`);
    assert.doesNotMatch(sentence, /[\p{Cc}\u202e\u200b]|Invalid input|, received /u);
  }
  if (!/undefined|\[object/.test(text)) assert.doesNotMatch(error.message, /undefined|\[object/);
}

test(`${fuzzRuns} stack files: refused with the setting, or a plan`, () => {
  const answers = { refused: 0, planned: 0 };
  for (let i = 0; i < fuzzRuns; i++) {
    const seed = fuzzSeed + i;
    const text = fileOf(new Chance(seed));
    const begun = process.cpuUsage();
    try {
      planOf(checkSettingsText(text, "Pulumi.fuzz.yaml"));
      answers.planned++;
    } catch (error) {
      answers.refused++;
      assert.ok(error instanceof SettingsError, `seed ${seed}: ${(error as Error).stack}\n${text}`);
      try {
        assertForPeople(error, text);
      } catch (wrong) {
        assert.fail(`seed ${seed}: ${(wrong as Error).message}\n${error.message}`);
      }
    }
    const { user, system } = process.cpuUsage(begun);
    assert.ok(user + system < 10_000_000, `seed ${seed} took ${(user + system) / 1e6} s`);
  }
  // A fuzzer that only ever is refused, or never, looks at nothing.
  assert.ok(answers.planned > fuzzRuns / 100 && answers.refused > fuzzRuns / 4, JSON.stringify(answers));
});
