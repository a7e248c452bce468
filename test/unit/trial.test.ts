import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { Sample } from "../../drill/probes/samples";
import { forgetData } from "../lab/command";
import { epochsOf, overlap, type Trial, trialTable } from "../lab-long/trial";

after(forgetData);

/** A look at a node every 100 ms, with the container as told. */
const looks = (runs: string, from = 0, epoch = 1): Sample[] =>
  [...runs].map((container, i) => ({
    ...{ at: from + i * 100, vip: true, data: true, guard: "ACTIVE" },
    ...{ container: container === "x", lease: container === "x", epoch },
  }));

test("two containers are counted for as long as both are seen to run", () => {
  assert.equal(overlap(looks("xxx..."), looks("...xxx")), 0);
  assert.equal(overlap(looks("xxxx.."), looks("..xxxx")), 200);
  // Silence is no container that runs on: a node that is off says nothing.
  assert.equal(overlap(looks("x"), looks("xxxxxx", 5_000)), 0);
});

test("an epoch has the owners that said so", () => {
  const samples = new Map([
    ["a", looks("xx..", 0, 1)],
    ["b", looks("..xx", 0, 2)],
  ]);
  assert.deepEqual(epochsOf(samples), [
    [1, "a"],
    [2, "b"],
  ]);
  samples.set("b", looks("..xx", 0, 1));
  assert.deepEqual(epochsOf(samples), [
    [1, "a"],
    [1, "b"],
  ]);
});

test("the table has a line for each fault", () => {
  const trial = (fault: string, gap: number, lost: number[] = []): Trial => ({
    ...{ fault, sent: 10, acknowledged: 9, lost, twoContainers: 0, gap, epochs: [], holders: ["a"] },
  });
  const table = trialTable([trial("x", 1_000), trial("x", 3_000), trial("x", 2_000, [4]), trial("y", 500)]);
  assert.deepEqual(table.split("\n").slice(2), [
    "| x | 3 | 27 | 1 | 0.0 | 2.0, 3.0 |",
    "| y | 1 | 9 | 0 | 0.0 | 0.5, 0.5 |",
  ]);
});
