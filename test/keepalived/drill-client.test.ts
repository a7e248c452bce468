import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { faults, settle, trial } from "../../drill/bench/faults";
import type { ObserverOrder, Seen } from "../../drill/probes/observer";
import { Rig, rigVip } from "../../drill/rig/rig";
import { longestGap } from "../../drill/statistics";
import { packageRoot } from "../../local/root";
import { specOf } from "./spec";

/* The drill's client against the real keepalived: it sees the VIP move, whose it is, and for how long it was away. */

test("the client sees the VIP go from one node to another, by its MAC address", async (t) => {
  const spec = specOf({});
  const rig = await Rig.make();
  t.after(() => rig.end());
  await rig.start(spec);
  const vip = rigVip.address;
  const order: ObserverOrder = { vip, url: `https://${vip}`, answers: { path: "/ping" } };
  const program = join(packageRoot, "dist", "drill", "probes", "observer.js");
  const client = spawn(
    "ip",
    ["netns", "exec", rig.client, process.execPath, program, JSON.stringify(order)],
    {
      stdio: ["pipe", "pipe", "inherit"],
    },
  );
  t.after(() => client.kill("SIGKILL"));
  const seen: Seen[] = [];
  createInterface({ input: client.stdout }).on("line", (line) => seen.push(JSON.parse(line) as Seen));
  const answers = (): number[] => seen.flatMap((each) => (each.kind === "answer" ? each.at : []));
  const owners = (): string[] => seen.flatMap((each) => (each.kind === "owner" && each.mac ? each.mac : []));
  await rig.until(() => seen.some(({ kind }) => kind === "ready"), "the client");
  client.stdin.write("begin\n");
  await rig.until(() => answers().length > 20, "answers");
  assert.equal(owners().at(-1), rig.node("a").mac);
  const { takeover } = await trial(rig, faults["link down"]);
  await sleep(300);
  const gap = longestGap(answers());
  assert.equal(owners().at(-1), rig.node("b").mac);
  assert.ok(
    Math.abs(gap - takeover) < 150,
    `the client saw a gap of ${gap} ms, the rig a takeover of ${takeover} ms`,
  );
  // Nobody answers HTTPS there, and the client says so.
  assert.ok(seen.some((each) => each.kind === "asked" && !each.ok));
  await settle(rig, spec);
});
