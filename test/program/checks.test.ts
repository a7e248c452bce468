import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { checkArgs } from "../../components/checks";
import type { HaBaseArgs } from "../../components/ha-service";
import type { Workload } from "../../components/workload";
import { workloadMistakes } from "../../components/workload-checks";
import { packageRoot } from "../../local/root";
import { checkSettingsFile } from "../../settings/file";
import { baseArgs } from "../../workloads/from-settings/base";
import { choosePlace } from "../../workloads/from-settings/place";

/* What the component's own check says, beside the settings' rules: it must not refuse what those accept. */

const settings = checkSettingsFile(join(packageRoot, "Pulumi.blog.yaml"));
const name = { project: "ha-rancher", stack: "blog" };
const args = baseArgs(settings, choosePlace(settings, undefined, name.stack), name);

function mistakesOf(more: Partial<HaBaseArgs>): string {
  try {
    checkArgs("x", { ...args, ...more });
    return "";
  } catch (error) {
    assert.ok(error instanceof pulumi.RunError);
    return error.message;
  }
}

test("a VIP that only a route leads to is no mistake", () => {
  assert.equal(settings.vip.prefix, 32);
  assert.equal(mistakesOf({}), "");
});

test("timers must be in the same order as in the settings", () => {
  assert.match(
    mistakesOf({ guard: { watchdog: 15 } }),
    /`guard\.leaseTime` \(15 s\) must be more than `guard\.watchdog` \(15 s\)/,
  );
  assert.equal(mistakesOf({ guard: { watchdog: 14 } }), "");
});

test("a workload of somebody's own: what is wrong with it is told at once", () => {
  const right: Workload = {
    ...{ title: "Notes", name: "notes", url: "tcp://10.1.0.10:80", datastore: "a/b.c", causes: [] },
    container: { image: "notes:1", ports: [], mounts: [], health: [] },
    ...{ answers: { path: "" }, healthy: { path: "" }, startDeadline: 60, stopGrace: 5 },
  };
  const pathsOf = (more: Partial<Workload>) =>
    workloadMistakes({ ...right, ...more }).map(({ path }) => path);
  assert.deepEqual(pathsOf({}), []);
  assert.deepEqual(pathsOf({ datastore: undefined as never }), []);
  for (const datastore of ["/etc", "../x", "a/../../b", "", "."])
    assert.deepEqual(pathsOf({ datastore }), ["workload.datastore"], datastore);
  assert.deepEqual(
    pathsOf({ name: "Notes!", url: "10.1.0.10", datastore: "/", startDeadline: 0, stopGrace: Number.NaN }),
    ["name", "url", "datastore", "startDeadline", "stopGrace"].map((path) => `workload.${path}`),
  );
});

test("two nodes of one name are refused", () => {
  const [first, second] = args.nodes;
  assert.ok(first && second);
  assert.match(mistakesOf({ nodes: [first, { ...second, name: first.name }] }), /has the name \S+ twice/);
});
