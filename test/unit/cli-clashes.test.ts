import assert from "node:assert/strict";
import { test } from "node:test";
import { clashesWith } from "../../cli/clashes";
import { parseSettings, type Settings } from "../../settings";

/** A stack's settings: its VIP's last number, its nodes' follow. */
function settings(last: number, more: Record<string, unknown> = {}, network = "192.168.56"): Settings {
  const nodes = [1, 2].map((i) => ({ name: `n${i}`, address: `${network}.${last + i}` }));
  const raw = { vip: `${network}.${last}/24`, nodes, ...more };
  const text = Object.entries(raw).map(([key, value]) => [
    key,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  return parseSettings(Object.fromEntries(text));
}

const multicast = { keepalived: { multicast: true } };
const clashes = (mine: Settings, theirs: Settings): string[] =>
  clashesWith(mine, [{ stack: "other", settings: theirs }]);

test("stacks with their own addresses do not clash, also with one router id on unicast", () => {
  assert.deepEqual(clashes(settings(10), settings(20)), []);
  assert.deepEqual(
    clashes(settings(10, { virtualRouterId: "7" }), settings(20, { virtualRouterId: "7" })),
    [],
  );
  assert.deepEqual(clashes(settings(10, multicast), settings(20, multicast)), []);
});

test("an address of another stack is refused, whatever it is for", () => {
  const mine = settings(10, { furtherVips: ["192.168.56.20/24"] });
  assert.deepEqual(clashes(mine, settings(20)), [
    "192.168.56.20 is an address of the stack `other`, too: choose another one",
  ]);
  assert.equal(clashes(settings(10), settings(10)).length, 3);
});

test("a router id that both hear is refused", () => {
  for (const [mine, theirs] of [
    [multicast, {}],
    [{}, multicast],
  ]) {
    const found = clashes(
      settings(10, { virtualRouterId: "7", ...mine }),
      settings(20, { virtualRouterId: "7", ...theirs }),
    );
    assert.match(found.join(), /^`virtualRouterId` \(7\) is that of the stack `other`/);
  }
});

test("stacks on other networks have nothing to do with each other", () => {
  assert.deepEqual(clashes(settings(10, multicast), settings(10, multicast, "192.168.57")), []);
});
