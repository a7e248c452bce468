import assert from "node:assert/strict";
import { test } from "node:test";
import type { SshEndpoint } from "../../providers/remote/endpoint";
import { type Actions, handOver, type Members } from "../../providers/vip/leave";
import { members } from "../../providers/vip/members-provider";

const ssh = (host: string) => ({ host, port: 22 }) as SshEndpoint;

const of = (...order: string[]): Members => ({
  vip: "10.0.0.100",
  endpoints: Object.fromEntries(order.map((name) => [name, ssh(name)])),
  order,
});

/** Nodes of which `holder` has the VIP, and gives it to `next` when it must refuse the VIP. */
function world({ holder = "a", next = "b", silent = [] as string[], dead = [] as string[] } = {}) {
  let holders = [holder];
  const done: string[] = [];
  const actions: Actions = {
    holders: async () => ({ holders, unreachable: silent }),
    async awaitHolders(wanted) {
      done.push("wait");
      wanted(holders);
      return { holders, unreachable: [] };
    },
    async dismiss(name, isSilent) {
      if (dead.includes(name)) throw new Error("no route to host");
      done.push(`${name} off${isSilent ? ", soon" : ""}`);
      if (holders.includes(name)) holders = next ? [next] : [];
    },
    say: (line) => void done.push(line),
  };
  return { actions, done };
}

test("who stays is not touched, and nobody is asked anything", async () => {
  const { actions, done } = world();
  await handOver(of("a", "b"), of("b", "a", "c"), { ...actions, holders: () => assert.fail("asked") });
  assert.deepEqual(done, []);
});

test("a holder that leaves hands over, and another node has the VIP then", async () => {
  const { actions, done } = world();
  await handOver(of("a", "b"), of("b", "c"), actions);
  assert.deepEqual(done, ["a off", "wait"]);
});

test("of several that leave, the holder hands over last", async () => {
  const { actions, done } = world({ holder: "a", next: "c" });
  await handOver(of("a", "b", "c"), of("c"), actions);
  assert.deepEqual(done, ["b off", "a off", "wait"]);
});

test("a standby that leaves holds nothing any more; there is nothing to wait for", async () => {
  const { actions, done } = world();
  await handOver(of("a", "b", "c"), of("a", "b"), actions);
  assert.deepEqual(done, ["c off"]);
});

test("a node that does not answer, or cannot, is left to the others, and that is said", async () => {
  const silent = world({ silent: ["c"] });
  await handOver(of("a", "b", "c"), of("a", "b"), silent.actions);
  assert.deepEqual(silent.done, ["c off, soon"]);
  const dead = world({ dead: ["a"] });
  await handOver(of("a", "b"), of("b", "c"), dead.actions);
  assert.deepEqual(dead.done, [
    "a, which leaves the stack, cannot be made to refuse the VIP: no route to host",
  ]);
});

test("a VIP that nobody takes is said, and does not keep the node", async () => {
  const { actions, done } = world({ next: "" });
  await handOver(of("a", "b"), of("b", "c"), actions);
  assert.match(done.at(-1) ?? "", /^a is to be removed, and no other node has taken the VIP from it yet$/);
});

test("the resource changes with its nodes and how they are reached, and with nothing else", async () => {
  const olds = of("a", "b");
  const changes = async (news: Members) => (await members.diff("members:x", olds, news)).changes;
  assert.equal(await changes(of("a", "b")), false);
  assert.equal(await changes(of("a")), true);
  assert.equal(await changes(of("b", "a")), true);
  assert.equal(await changes({ ...of("a", "b"), endpoints: { a: ssh("a"), b: ssh("elsewhere") } }), true);
  assert.deepEqual(await members.create(olds), { id: "members:10.0.0.100", outs: olds });
  assert.deepEqual(await members.read("members:10.0.0.100", olds), {
    ...{ id: "members:10.0.0.100", props: olds, inputs: olds },
  });
});
