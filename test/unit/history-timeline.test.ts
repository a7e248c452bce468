import assert from "node:assert/strict";
import { test } from "node:test";
import { historyOf } from "../../stack/history";
import { type Activity, activityOf, type Lane, timelineOf } from "../../stack/history/timeline";
import { journalsOf, lastOf, scenarios } from "./history-journals";

const laneOf = (
  scenario: string,
  node: "first" | "second",
  silences: Parameters<typeof timelineOf>[2] = [],
): Lane => {
  const journals = journalsOf(scenario);
  const until = lastOf(journals);
  const { events, chains } = historyOf(journals, until);
  const first = chains.find(({ kind }) => kind === "start")?.node;
  const wanted = journals
    .map((each) => each.node)
    .find((name) => (name === first) === (node === "first")) as string;
  const lanes = timelineOf(events, [{ node: wanted }], silences, { from: until - 60_000, until });
  return lanes[0] as Lane;
};

/** What a node was at, one after the other; a standby that is unfit for a moment is one all the time. */
const kinds = ({ activities }: Lane): Activity[] =>
  activities
    .map(({ activity }) => activity)
    .filter((kind) => kind !== "unfit")
    .filter((kind, i, all) => kind !== all[i - 1]);

test("a switchover: one leaves, the other one takes over, and the VIP with it", () => {
  assert.deepEqual(kinds(laneOf("switchover", "first")), [
    "unknown",
    "standby",
    "starts",
    "serves",
    "leaves",
    "standby",
  ]);
  assert.deepEqual(kinds(laneOf("switchover", "second")), ["unknown", "standby", "starts", "serves"]);
  const [had, ...none] = laneOf("switchover", "first").vip;
  assert.deepEqual(none, []);
  assert.ok(Math.abs((laneOf("switchover", "second").vip[0]?.from ?? 0) - (had?.until ?? 0)) < 100);
});

test("an owner without power served until another one had its lease, and then nobody knows; silence is shown as such", () => {
  const dead = laneOf("power-off", "first");
  assert.deepEqual(kinds(dead).slice(-2), ["serves", "unknown"]);
  const taken = dead.activities.at(-1)?.from as number;
  const silent = laneOf("power-off", "first", [
    { node: dead.node, from: taken - 2_000, until: taken + 1_000 },
  ]);
  assert.deepEqual(kinds(silent).slice(-3), ["serves", "silent", "unknown"]);
  assert.equal(silent.activities.at(-3)?.until, taken - 2_000);
});

test("without a word of the past it is what it is now", () => {
  const span = { from: 0, until: 100 };
  const present = [
    { node: "a", state: "active", holdsVip: true },
    { node: "b", state: "standby", isFit: false, holdsVip: false },
    { node: "c" },
  ];
  assert.deepEqual(timelineOf([], present, [], span), [
    { node: "a", activities: [{ ...span, activity: "serves" }], vip: [span] },
    { node: "b", activities: [{ ...span, activity: "unfit" }], vip: [] },
    { node: "c", activities: [{ ...span, activity: "unknown" }], vip: [] },
  ]);
});

test("stretches follow each other without gaps, whatever is recorded", () => {
  for (const scenario of scenarios)
    for (const node of ["first", "second"] as const) {
      const { activities, vip } = laneOf(scenario, node);
      for (const [i, each] of activities.entries()) {
        assert.ok(each.until > each.from, scenario);
        if (i > 0) assert.equal(each.from, activities[i - 1]?.until, scenario);
      }
      for (const each of vip) assert.ok(each.until > each.from, scenario);
    }
});

test("each of the agent's states is something", () => {
  for (const state of [
    "begin",
    "adopting",
    "standby",
    "contending",
    "waiting",
    "taking",
    "mounting",
    "cloning",
    "copying",
    "confirming",
    "launching",
    "warming",
    "active",
    "halting",
    "working",
    "stopping",
    "unmounting",
    "releasing",
    "killing",
  ])
    assert.notEqual(activityOf(state), "unknown", state);
  assert.equal(activityOf("ended"), "unknown");
  assert.equal(activityOf(undefined), "unknown");
});

test("without a lease a node is at what its agent says of its VIPs, and has just started where keepalived says so", () => {
  const line = (time: number, source: string, text: string) => ({
    ...{ time, source, text, boot: "", bySystemd: false },
  });
  const said = (time: number, event: string, text: string) =>
    line(time, "agent", JSON.stringify({ event, text }));
  const entries = [
    line(1_000, "keepalived", "(ha_rancher_web) Entering BACKUP STATE (init)"),
    said(2_000, "unfit", "this node refuses the VIP web: tcp 192.0.2.11:80 was not answered yet"),
    said(3_000, "fit", "this node may have the VIP web"),
    line(4_000, "keepalived", "(ha_rancher_web) Entering MASTER STATE"),
    said(4_000, "vip", "this node has the VIP web"),
    said(5_000, "vip", "this node has the VIP api"),
    said(6_000, "vip", "this node does not have the VIP web"),
    line(7_000, "keepalived", "(ha_rancher_web) Entering BACKUP STATE"),
    said(7_000, "vip", "this node does not have the VIP api"),
  ];
  const { events } = historyOf([{ node: "a", entries, readings: [] }], 9_000);
  const present = [{ node: "a", state: "standby", isFit: true, holdsVip: false }];
  const [lane] = timelineOf(events, present, [], { from: 0, until: 9_000 });
  assert.deepEqual(
    lane?.activities.map(({ activity, from }) => [activity, from]),
    [
      ["standby", 0],
      ["unfit", 2_000],
      ["standby", 3_000],
      ["serves", 4_000],
      ["standby", 7_000],
    ],
  );
  assert.deepEqual(lane?.vip, [{ from: 4_000, until: 7_000 }]);
});
