import assert from "node:assert/strict";
import { test } from "node:test";
import { audit } from "../../drill/audits/invariants";
import type { Sample } from "../../drill/probes/samples";
import type { Recording } from "../../drill/recording";
import { trialResult } from "../../drill/report/trial";

const macs = { one: "52:54:00:00:00:01", two: "52:54:00:00:00:02" };

/** Looks at a node from -2 s to 70 s, each 50 ms. */
const looks = (so: (at: number) => Partial<Sample>): Sample[] =>
  Array.from({ length: 1440 }, (_, i) => {
    const at = i * 50 - 2_000;
    return { at, vip: false, container: false, data: false, lease: false, epoch: 0, agent: "", ...so(at) };
  });

/**
 * Node one is paused from 0 to 60 s, and its container runs for another 0.4 s; two serves from 20 s on. The client takes
 * one for the holder again from 60.1 to 60.9 s, and writes once.
 */
function paused(write: { sent: number; answered: number }): Recording {
  const runs = (is: boolean, epoch: number): Partial<Sample> => ({
    ...{ vip: is, container: is, data: is, lease: is, epoch: is ? epoch : 0 },
  });
  const machine = (verb: "pause" | "resume", at: number) => ({
    ...{ action: { at: "machine" as const, node: "one", verb }, at, over: at + 50 },
  });
  return {
    ...{
      number: 1,
      fault: "pause-60s",
      what: "",
      date: "",
      nodes: ["one", "two"],
      holder: "one",
      standby: "two",
    },
    macs,
    bounds: { serviceGap: 80_000, twoHolders: 3_000 },
    outage: 380_000,
    excusedAfterResume: 3_000,
    injected: [machine("pause", 0)],
    healed: [machine("resume", 60_000)],
    ...{ healedAt: 60_050, healthyAt: 68_000, from: -2_000, to: 70_000 },
    client: {
      answers: Array.from({ length: 720 }, (_, i) => i * 100 - 2_000),
      owners: [
        { at: -2_000, mac: macs.one },
        { at: 700, mac: macs.two },
        { at: 60_100, mac: macs.one },
        { at: 60_900, mac: macs.two },
      ],
      asked: Array.from({ length: 720 }, (_, i) => ({
        ...{ sent: i * 100 - 2_000, answered: i * 100 - 1_990, ok: true, why: "200" },
      })),
      writes: [{ number: 1, ...write, outcome: "yes" }],
    },
    stored: [1],
    samples: {
      one: looks((at) => runs(at < 60_400, 1)),
      two: looks((at) => ({ ...runs(at > 20_000, 2), vip: at > 700 })),
    },
    after: { healthy: true, message: "", holders: ["two"], services: ["two"] },
  };
}

const oneWriter = (recording: Recording): string[] =>
  audit(recording)
    .breaches.filter(({ invariant }) => invariant === "I1")
    .map(({ why }) => why);

test("a write that a resumed node acknowledged beside another is a second writer", () => {
  assert.deepEqual(oneWriter(paused({ sent: 60_150, answered: 60_300 })), [
    "one acknowledged 1 writes after it was resumed, while another one served",
  ]);
});

test("an answer of the one that serves, to what was asked before the resumed one was believed, is none", () => {
  assert.deepEqual(oneWriter(paused({ sent: 60_050, answered: 60_300 })), []);
});

test("a service that comes back late is slow; one that could not be waited for is an outage", () => {
  const away = (until: number): { invariants: string[]; slow: string[] } => {
    const recording = paused({ sent: 0, answered: 5 });
    const asked = recording.client.asked.filter(({ sent }) => sent < 10_000 || sent > until);
    const { breaches, slow } = audit({
      ...recording,
      bounds: { serviceGap: 10_000, twoHolders: 3_000 },
      outage: 20_000,
      client: { ...recording.client, asked },
    });
    return { invariants: breaches.map(({ invariant }) => invariant), slow };
  };
  assert.deepEqual(away(19_000), { invariants: [], slow: [] });
  assert.deepEqual(away(25_000), {
    invariants: [],
    slow: ["the service did not answer for 15.20 s, 10.00 s is promised"],
  });
  assert.deepEqual(away(35_000).invariants, ["I7"]);
});

test("a recording of a drill whose nodes had a guard is judged as it was", () => {
  const { samples, ...rest } = paused({ sent: 1, answered: 2 });
  const former = { ...rest, fault: "guard-kill" } as Recording;
  former.samples = Object.fromEntries(
    Object.entries(samples).map(([node, list]) => [
      node,
      list.map(({ agent: _, ...sample }) => ({ ...sample, guard: "ACTIVE" })),
    ]),
  );
  const { breaches } = audit(former);
  assert.ok(!breaches.some(({ invariant }) => invariant === "I9"), "nothing of the kind was promised then");
  assert.deepEqual(
    trialResult(former, audit(former)).timeline.lanes.map(({ name }) => name)[0],
    "one: has the VIP",
  );
});

test("the epoch must stay, where the fault leaves the node able to keep it", () => {
  const stays = (): Recording => {
    const recording = paused({ sent: 1, answered: 2 });
    const runs = { vip: true, container: true, data: true, lease: true, epoch: 4 };
    return {
      ...recording,
      keeps: "owner",
      healed: [],
      samples: { one: looks(() => runs), two: looks(() => ({})) },
    };
  };
  const found = (recording: Recording): string[] =>
    audit(recording).breaches.flatMap(({ invariant, why }) => (invariant === "I9" ? [why] : []));
  assert.deepEqual(found(stays()), []);
  const anew = stays();
  anew.samples.one = looks((at) => ({ lease: true, epoch: at < 5_000 ? 4 : 5 }));
  assert.match(
    found(anew).join(),
    /^one had the lease with epoch 5, 5\.00 s after the fault; before, one had epoch 4$/,
  );
  const blind = stays();
  blind.samples.one = looks((at) => ({ lease: at > 0, epoch: 4 }));
  assert.match(found(blind).join(), /^which epoch one had before the fault is not known$/);
});
