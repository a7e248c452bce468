import assert from "node:assert/strict";
import { test } from "node:test";
import { sentenceOf } from "../../domain/mistake";
import { parseSettings, SettingsError } from "../../settings";

/* What the tests of settings share: a stack of two nodes, and what is said of a change of it. */

export const one = { name: "a", address: "192.168.56.11" };
export const two = { name: "b", address: "192.168.56.12" };
export const good = { vip: "192.168.56.10/24", nodes: [one, two] };

/** Settings as Pulumi gives them: all as text. */
export const raw = (values: Record<string, unknown>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  );

/** What is wrong with the good settings after a change. */
export function changed(values: Record<string, unknown>): SettingsError["mistakes"] {
  try {
    parseSettings(raw({ ...good, ...values }));
  } catch (error) {
    assert.ok(error instanceof SettingsError, String(error));
    return error.mistakes;
  }
  return [];
}

export const mistakesOf = (values: Record<string, unknown>): string[] => changed(values).map(sentenceOf);

export const keepalived = (settings: object) => ({ keepalived: settings });
export const track = (settings: object) => keepalived({ track: settings });
export const script = (settings: object) => track({ scripts: [{ command: "/usr/bin/true", ...settings }] });

/** What is refused: the settings, and the names that the message must have. */
export type Refused = [what: string, values: Record<string, unknown>, names: string[], reason: RegExp];

/** A test for each row, and one that each has a mistake or two. */
export function refuse(rows: Refused[]): void {
  for (const [what, values, names, reason] of rows)
    test(`refused: ${what}`, () => {
      const mistakes = mistakesOf(values);
      assert.ok(mistakes.length > 0, "accepted");
      const all = mistakes.join("\n");
      for (const name of names) assert.ok(all.includes(`\`${name}\``), `${name} is not named in: ${all}`);
      assert.match(all, reason);
      assert.ok(mistakes.length <= 2, all);
    });
}
