import assert from "node:assert/strict";
import { test } from "node:test";
import type { NodeReport } from "../../stack/node-report";
import { isRebooted, parsePatched, patchOrder, rebootWords } from "../../stack/patch-plan";

const node = (name: string, status: object): NodeReport =>
  ({ name, address: "", status }) as unknown as NodeReport;

test("those that do not serve are upgraded first; who has the VIP or the lease comes last", () => {
  const holder = node("a", { holdsVip: true });
  const owner = node("b", { holdsVip: false, lease: { heldHere: true } });
  assert.deepEqual(patchOrder([holder, owner, node("c", { holdsVip: false })]), ["c", "a", "b"]);
});

test("a system is started anew only where that is needed, and a host only when told", () => {
  const needed = { version: "1", kernel: "2", reboot: true };
  const table = rebootWords.map((word) => [isRebooted(needed, true, word), isRebooted(needed, false, word)]);
  assert.deepEqual(table, [
    [false, false],
    [true, false],
    [true, true],
  ]);
  for (const word of rebootWords) assert.equal(isRebooted({ ...needed, reboot: false }, true, word), false);
});

test("what a node says of itself is checked", () => {
  assert.throws(() => parsePatched('{"version": 7}'), /`host\/patch` printed something unexpected/);
  const said = parsePatched('{"version": "6.1\\u001b[2J", "kernel": "6.2", "reboot": true}');
  assert.doesNotMatch(said.version, /\p{Cc}/u);
});
