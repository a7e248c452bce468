import assert from "node:assert/strict";
import { test } from "node:test";
import { type Exported, withoutResources } from "../../local/pulumi/exported";
import { type Forgetting, forgettingOf, whyItMayWrite } from "../../stack/forget";
import type { NodeReport } from "../../stack/node-report";
import { serving, waiting } from "./reported-nodes";

const urn = (name: string): string => `urn:pulumi:dev::ha-rancher::t::${name}`;
const resource = (name: string, type: string, on: string[] = [], more: object = {}) => ({
  urn: urn(name),
  type,
  dependencies: on.map(urn),
  ...more,
});
const host = (name: string) =>
  resource(name, "pulumi-nodejs:dynamic/host:Host", [], { inputs: { name, directory: `/hosts/${name}` } });
const shared = (name: string, on: string[]) => resource(name, "x:Shared", on, { inputs: { endpoints: {} } });

/** A stack of two hosts, in the form of components/. */
const exported: Exported = {
  deployment: {
    resources: [
      resource("stack", "pulumi:pulumi:Stack"),
      { ...host("storage"), type: "pulumi-nodejs:dynamic/vagrant:Machine" },
      host("a"),
      host("b"),
      resource("a-programs", "x:NodeSet", ["a"]),
      resource("b-programs", "x:NodeSet", ["b"], { deletedWith: urn("b") }),
      resource("a-prepared", "command:remote:Command", ["a", "a-programs", "storage"]),
      resource("b-prepared", "command:remote:Command", ["b", "b-programs", "storage"]),
      resource("export", "x:Export", ["members"]),
      shared("members", ["a", "b"]),
      resource("a-docker", "pulumi:providers:docker", ["a"]),
      resource("b-docker", "pulumi:providers:docker", ["b"]),
      resource("a-image", "docker:RemoteImage", ["a-prepared"], { provider: `${urn("a-docker")}::id-1` }),
      resource("b-image", "docker:RemoteImage", ["b-prepared"], { provider: `${urn("b-docker")}::id-2` }),
      shared("release", ["a", "b", "a-image", "b-image"]),
      resource("checked", "x:Check", ["a", "b"], {
        propertyDependencies: { one: [urn("a")], both: [urn("a"), urn("b")], none: null },
      }),
    ],
    pending_operations: [{ resource: resource("a-late", "x:Files", ["a"]) }, { resource: host("a") }],
  },
};
const withoutPlanned = (state: Exported, { resources }: Forgetting): Exported =>
  withoutResources(
    state,
    resources.map((each) => each.urn),
  );
const namesIn = ({ deployment }: Exported): string[] =>
  (deployment?.resources ?? []).map((each) => each.urn.replace(/.*::/, ""));
const forgotten = (state: Exported, name: string): string[] =>
  forgettingOf(state, name, ["a", "b"])?.resources.map((each) => each.urn.replace(/.*::/, "")) ?? [];

test("what is on the node alone leaves with it, and what hangs on that", () => {
  const all = ["a", "a-programs", "a-prepared", "a-docker", "a-image"];
  assert.deepEqual(forgotten(exported, "a"), all);
  assert.deepEqual(
    forgotten(exported, "b"),
    all.map((name) => name.replace("a", "b")),
  );
  const { isHost, directory } = forgettingOf(exported, "a", ["a", "b"]) ?? {};
  assert.deepEqual([isHost, directory], [true, "/hosts/a"]);
  assert.equal(forgettingOf(exported, "c", ["a", "b"]), undefined);
});

test("the rest names nothing that is gone, and is as it was else", () => {
  const plan = forgettingOf(exported, "a", ["a", "b"]);
  assert.ok(plan);
  const left = withoutPlanned(exported, plan);
  const text = JSON.stringify(left.deployment?.resources);
  for (const each of plan.resources) assert.equal(text.includes(`"${each.urn}"`), false, each.urn);
  const of = (name: string) => left.deployment?.resources?.find((each) => each.urn === urn(name));
  assert.deepEqual(of("release")?.dependencies, ["b", "b-image"].map(urn));
  assert.deepEqual(of("checked")?.propertyDependencies, { one: [], both: [urn("b")], none: [] });
  assert.deepEqual(of("b-programs"), exported.deployment?.resources?.[5]);
  // What was being made there is not known to the state.
  assert.equal(left.deployment?.pending_operations?.length, 1);
});

test("one node after the other: what is of all nodes stays to the end", () => {
  const first = forgettingOf(exported, "a", ["a", "b"]);
  assert.ok(first);
  const left = withoutPlanned(exported, first);
  const second = forgettingOf(left, "b", ["a", "b"]);
  assert.ok(second);
  const names = namesIn(withoutPlanned(left, second));
  for (const name of ["stack", "storage", "export", "members", "release"])
    assert.ok(names.includes(name), name);
  assert.deepEqual(
    forgotten(left, "b").filter((name) => ["members", "release"].includes(name)),
    [],
  );
});

test("a node may write unless another one has the lease, or there is none", () => {
  const report = (status?: object): NodeReport => ({ name: "b", address: "10.0.0.2", status }) as NodeReport;
  assert.equal(whyItMayWrite("a", [report(serving), report()]), undefined);
  assert.match(
    whyItMayWrite("a", [report(waiting)]) ?? "",
    /^no other node has the lease, so that a may still serve/,
  );
  assert.match(whyItMayWrite("a", [report()]) ?? "", /^no other node answers/);
  assert.match(whyItMayWrite("a", []) ?? "", /^no other node answers/);
  assert.equal(whyItMayWrite("a", [report({ agent: { state: "standby" } })]), undefined);
});
