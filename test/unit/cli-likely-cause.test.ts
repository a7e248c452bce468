import assert from "node:assert/strict";
import { test } from "node:test";
import { likelyCauses } from "../../cli/likely-cause";
import type { KnownNode } from "../../stack/known-stack";
import { type NodeReport, parseNodeStatus } from "../../stack/node-report";
import { answers } from "../../workloads/rancher/pages";

const known = {
  answers,
  nodes: ["a", "b", "c"].map((name) => ({ name, address: "192.0.2.1" }) as KnownNode),
};

const report = (name: string, status: object): NodeReport => ({
  name,
  address: "192.0.2.1",
  status: parseNodeStatus(JSON.stringify(status)),
});

const owner = report("a", { lease: { heldHere: true } });
const tried = report("b", { health: { failures: 0, failure: "it was not well" } });
const standby = report("c", { lease: { heldHere: false }, health: { failures: 0, failure: "" } });

test("who has tried to run a service that does not answer is asked what its logs mean", async () => {
  const asked: string[] = [];
  const logs: Record<string, string> = {
    a: 'time=... msg="database is locked"',
    b: "nothing that anybody knows",
  };
  const causes = await likelyCauses(
    known,
    { state: "no-service", nodes: [owner, tried, standby] },
    async ({ name }) => {
      asked.push(name);
      return logs[name] ?? "";
    },
  );
  assert.deepEqual(asked, ["a", "b"]);
  assert.equal(causes.length, 1);
  assert.match(causes[0] ?? "", /^likely cause, by the logs of a: the datastore is locked .* `.*status`/);
});

test("a node that cannot be asked says nothing, and another service has other words", async () => {
  const nodes = [owner, tried];
  const words = async ({ name }: KnownNode): Promise<string> => {
    if (name === "a") throw new Error("no route to host");
    return "status exited, exit code 137, killed for want of memory";
  };
  const ofContainer = { ...known, answers: { path: "/" } };
  const found = await likelyCauses(ofContainer, { state: "no-holder", nodes }, words);
  assert.deepEqual(found, [
    "likely cause, by the logs of b: memory ran out: give the nodes more (`memory`), or the container (`container.memory`)",
  ]);
});

test("nobody is asked where the service answers, or where there is none of ours", async () => {
  const never = async (): Promise<string> => assert.fail("asked");
  for (const state of ["healthy", "no-standby", "stopped", "two-services"] as const)
    assert.deepEqual(await likelyCauses(known, { state, nodes: [owner] }, never), []);
  const vips = [{ name: "web", vip: "192.0.2.9", url: "http://192.0.2.9", answers }];
  assert.deepEqual(
    await likelyCauses({ ...known, vips }, { state: "no-service", nodes: [owner] }, never),
    [],
  );
});
