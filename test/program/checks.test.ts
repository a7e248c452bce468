import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { checkArgs } from "../../components/checks";
import type { HaBaseArgs } from "../../components/ha-service";
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

test("two nodes of one name are refused", () => {
  const [first, second] = args.nodes;
  assert.ok(first && second);
  assert.match(mistakesOf({ nodes: [first, { ...second, name: first.name }] }), /has the name \S+ twice/);
});
