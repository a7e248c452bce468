import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { ReportFolder, readRecording } from "../../drill/report/files";
import { haRancher, healthy, inLab, onNode, running, status, usualLimit } from "../lab/command";
import { drill, drillWithin } from "../lab/drilled";
import { step } from "../lab/steps";
import { withStack } from "../lab/with-stack";
import { get, put } from "./values";

/*
 * One writer, on real machines: a client writes numbers through the VIP while the drill breaks the node that serves in each of
 * these ways, ONE_WRITER_TRIALS times each (default 5); ONE_WRITER_FAULTS names some of them.
 */

const trials = process.env.ONE_WRITER_TRIALS ?? "5";
const faults = process.env.ONE_WRITER_FAULTS?.split(",") ?? [
  "power-off",
  "pause-60s",
  "nfs-partition",
  "peer-partition",
  "keepalived-kill-both",
  "nfs-server-restart",
];
const healthyWithin = 240;

/** Milliseconds for the drill: a trial takes a minute and a half, rarely four. */
const drillLimit = Math.max(usualLimit, faults.length * Number(trials) * 4 * 60_000);

/** From the last line that matches one pattern to the one after it that matches another; lines begin with their time. */
function lastBetween(text: string, begin: RegExp, end: RegExp): number {
  const lines = text.split("\n");
  const first = lines.findLastIndex((line) => begin.test(line));
  const last = lines.findIndex((line, i) => i > first && end.test(line));
  assert.ok(first >= 0 && last >= 0, `${begin} and then ${end} are not in\n${text}`);
  return Number.parseFloat(lines[last] ?? "") - Number.parseFloat(lines[first] ?? "");
}

/** After a power-off: from the fault until the standby has the lease, and the data mounted to start on; seconds. */
function takenOver(folder: string): number[] {
  const recordings = new ReportFolder(folder).raw().map(readRecording);
  return recordings
    .filter(({ fault }) => fault === "power-off")
    .map(({ samples, standby }) => samples[standby]?.find(({ at, lease, data }) => at > 0 && lease && data))
    .map((taken) => (taken?.at ?? Infinity) / 1000);
}

withStack();

step("up, and the owner's watchdog is armed", async () => {
  assert.equal((await haRancher("up")).code, 0);
  const { nodes } = await healthy(healthyWithin);
  for (const { name, status: node } of nodes) {
    const { fencing, lease, timers } = node as {
      fencing?: { agent?: boolean; watchdog?: boolean; watchdogAvailable?: boolean };
      lease?: { heldHere?: boolean };
      timers?: { watchdog: number; lease: number; serverLease: number };
    };
    assert.equal(fencing?.agent, false, name);
    assert.equal(fencing?.watchdogAvailable, true, name);
    assert.equal(fencing?.watchdog, lease?.heldHere, name);
    const { watchdog = Infinity, lease: leaseTime = 0, serverLease = 0 } = timers ?? {};
    assert.ok(serverLease > watchdog && serverLease <= leaseTime, `the server told ${serverLease} s`);
  }
});

step(`nothing acknowledged is lost, and one container runs at a time: ${faults.join(", ")}`, async () => {
  const named = faults.flatMap((fault) => ["--fault", fault]);
  const { code, report, folder } = await drillWithin(drillLimit, ...named, "--trials", trials);
  const { rows } = report;
  assert.deepEqual(new Set(rows.map(({ fault }) => fault)), new Set(faults));
  for (const { fault, n, acknowledged = 0, lost, duplicated, twoWriters, breaches } of rows) {
    assert.equal(n, Number(trials), fault);
    assert.ok(acknowledged > 0, `${fault}: no write was acknowledged`);
    assert.deepEqual([lost, duplicated, breaches], [0, 0, []], fault);
    // A paused node's container goes on until its agent has looked once.
    assert.ok((twoWriters?.max ?? Infinity) <= (fault.startsWith("pause") ? 3_000 : 0), fault);
  }
  // The lease of 15 s and 5 s; what comes then is the container's start.
  const times = takenOver(folder);
  console.log(`after a power-off the standby may start after ${times.map((s) => s.toFixed(1)).join(", ")} s`);
  assert.equal(times.length, faults.includes("power-off") ? Number(trials) : 0);
  assert.deepEqual(
    times.filter((seconds) => seconds > 20),
    [],
  );
  assert.equal(code, 0);
});

step("a switchover ends the service before the VIP moves", async () => {
  const { holders, nodes } = await healthy(healthyWithin);
  const target = nodes.find(({ name }) => !holders.includes(name))?.name ?? "";
  assert.equal((await haRancher("switchover", target)).code, 0);
  assert.deepEqual((await healthy(healthyWithin)).holders, [target]);
  const said = await onNode(
    holders[0] ?? "",
    "journalctl --unit ha-rancher-agent --since -10min --output cat",
  );
  const states = [...said.matchAll(/"event": "state", "text": "(\w+ -> \w+: [^"]*)/g)].map(
    ([, text = ""]) => text,
  );
  const first = states.findLastIndex((text) => /^\w+ -> Stopping: told to hand over/.test(text));
  assert.deepEqual(
    states.slice(first + 1, first + 4).map((text) => text.replace(/:.*/, "")),
    ["Stopping -> Unmounting", "Unmounting -> Releasing", "Releasing -> Standby"],
    `another reason, or not in order:\n${said}`,
  );
});

step("a switchover takes what the container's stop and start take, and 3 s at most", async () => {
  const [from = ""] = (await healthy(healthyWithin)).holders;
  const { code, report } = await drill("--fault", "switchover", "--trials", "1");
  assert.equal(code, 0);
  const { nodes } = await healthy(healthyWithin);
  const to = nodes.find(({ name }) => name !== from)?.name ?? "";
  // Docker's own words: `kill` when it is asked to stop the container, `stop` when it has.
  const events =
    "docker events --since 10m --until 0s --filter type=container --format {{.TimeNano}},{{.Action}}";
  const stop = lastBetween(await onNode(from, events), /,kill$/, /,stop$/) / 1e9;
  const journal = "journalctl --unit ha-rancher-agent --since -10min --output short-unix";
  const start = lastBetween(await onNode(to, journal), /"\w+ -> Launching: /, /"\w+ -> Active: /);
  const away = (report.rows[0]?.serviceGap?.max ?? Infinity) / 1000;
  const shown = `away ${away.toFixed(1)} s, stop ${stop.toFixed(1)} s, start ${start.toFixed(1)} s`;
  console.log(shown);
  assert.ok(away <= stop + start + 3, shown);
});

step("the holder is powered off: status says so until another one serves, and never sees two", async () => {
  const { holders, nodes } = await healthy(healthyWithin);
  const [holder = ""] = holders;
  const other = nodes.find(({ name }) => name !== holder)?.name;
  await put("before", "written-before");
  const domains = (await inLab("virsh", "list", "--name")).stdout.split("\n");
  const domain = domains.find((name) => name.endsWith(holder));
  assert.ok(domain, `no domain of ${holder} among ${domains.join(" ")}`);
  assert.equal((await inLab("virsh", "destroy", domain)).code, 0);
  const end = Date.now() + 120_000;
  for (;;) {
    const now = await status();
    assert.ok(running(now).length <= 1, "two containers");
    assert.equal(now.healthy, false);
    if (now.holders[0] === other && now.state === "node-unreachable") break;
    assert.ok(Date.now() < end, `not served by the other: ${JSON.stringify(now, undefined, 1)}`);
    await sleep(500);
  }
  assert.match(await get("before"), /written-before/);
  await put("after", "written-after");
});

step("the next up starts the machine again", async () => {
  assert.equal((await haRancher("up")).code, 0);
  await healthy(healthyWithin);
  assert.match(await get("after"), /written-after/);
});
