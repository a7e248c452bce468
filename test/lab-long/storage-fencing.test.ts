import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { shellQuote } from "../../domain/shell-quote";
import { median } from "../../drill/statistics";
import { runningLab } from "../../lab";
import { haRancher, healthy, inLab, onNode, running } from "../lab/command";
import { drill } from "../lab/drilled";
import { set } from "../lab/stack-file";
import { step } from "../lab/steps";
import { withStack } from "../lab/with-stack";

/*
 * Storage fencing with the kernel's own NFS server, on a machine of the stack. STORAGE_FENCING_TRIALS times (default 10) the node
 * that serves loses its power: how long until the next owner starts its container, beside the same with the timers alone. Then
 * the faults that a fence is for.
 */

const trials = Number(process.env.STORAGE_FENCING_TRIALS ?? "10");
const names = ["rancher-1", "rancher-2"];
const [storage, address] = ["storage", "192.168.56.5"];
/** Seconds: for a stack to be whole again; what the issue of this promises, and what the timers took without it at least. */
const [patience, promised, byTimers] = [300, 2.5, 14];

async function virsh(verb: string, machine: string): Promise<void> {
  const connection = ["virsh", "--connect", runningLab()?.libvirtUri ?? ""];
  const { stdout } = await inLab(...connection, "list", "--all", "--name");
  const domain = stdout.split("\n").find((name) => name.trim().endsWith(machine));
  assert.ok(domain, `no machine is called ${machine}: ${stdout}`);
  const { code, stderr } = await inLab(...connection, verb, domain.trim());
  assert.equal(code, 0, stderr);
}

/** Seconds since the boot of a node, by its own clock. */
const uptime = async (node: string): Promise<number> =>
  Number((await onNode(node, "cut -d' ' -f1 /proc/uptime")).trim());

/** When, by the same clock, its agent last began to start the container; 0: not since then. */
async function startedAfter(node: string, since: number): Promise<number> {
  const lines = await onNode(
    node,
    "journalctl -u ha-rancher-agent -b --output short-monotonic --no-hostname | grep -- '-> Launching' || true",
  );
  const times = [...lines.matchAll(/^\[ *([0-9.]+)\]/gm)].map(([, time]) => Number(time));
  return times.find((time) => time > since) ?? 0;
}

/** Takes the power of the node that serves. @returns seconds until the other one starts its container */
async function powerOff(): Promise<number> {
  const [active = ""] = running(await healthy(patience));
  const other = names.find((name) => name !== active) ?? "";
  // Where the standby is in its round of looks is chance, and the time is by its clock alone.
  await sleep(1_000 + Math.random() * 1_000);
  const before = await uptime(other);
  await virsh("destroy", active);
  const after = await uptime(other);
  let started = 0;
  for (let i = 0; i < patience && !started; i++) {
    await sleep(1_000);
    started = await startedAfter(other, before);
  }
  assert.ok(started, `${other} did not start its container`);
  await virsh("start", active);
  // The question for the time takes a while itself: the middle of it.
  return started - (before + after) / 2;
}

async function measured(what: string): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < trials; i++) times.push(await powerOff());
  const shown = times.map((time) => time.toFixed(2)).join(" ");
  console.log(
    `power-off to the start of the container, ${what}: median ${median(times)?.toFixed(2)} s of ${shown}`,
  );
  return times;
}

/** A command for root on the storage machine, which is no node: its key and its place are where a node's are. */
async function onStorage(command: string): Promise<string> {
  const { stdout } = await inLab("pulumi", "stack", "output", "nodes", "--json");
  const [node] = JSON.parse(stdout) as { name: string; address: string; ssh: string }[];
  assert.ok(node);
  const ssh = node.ssh.replaceAll(node.address, address).replaceAll(`/${node.name}/`, `/${storage}/`);
  const done = await inLab(
    "sh",
    "-c",
    `${ssh} ${shellQuote(`sudo -n sh -c ${shellQuote(command)}`)} </dev/null`,
  );
  assert.equal(done.code, 0, `${command}: ${done.stderr}`);
  return done.stdout;
}

async function up(): Promise<void> {
  const { code, stderr } = await haRancher("up");
  assert.equal(code, 0, stderr);
}

const saysFenced = async (): Promise<boolean> => {
  const said = await Promise.all(
    names.map((name) => onNode(name, "journalctl -u ha-rancher-agent -b --output cat")),
  );
  return said.some((text) => text.includes("the NFS server has cut its last owner off"));
};

withStack({ settings: { storage: "machine", nfsAddress: address } });

let timers: number[] = [];

step("with the timers alone", async () => {
  await up();
  timers = await measured("by the timers");
  assert.ok(Math.min(...timers) > byTimers, "an owner was not waited for");
  assert.equal(await saysFenced(), false);
});

step("the NFS server fences: the next owner waits for nothing", async () => {
  assert.equal((await haRancher("stop", "storage fencing is switched on")).code, 0);
  set({ fencing: { agent: "storage" } });
  await up();
  assert.equal((await haRancher("start")).code, 0);
  const times = await measured("fenced by the server");
  assert.ok(await saysFenced());
  const [own, before] = [median(times) ?? Number.POSITIVE_INFINITY, median(timers) ?? 0];
  assert.ok(own <= promised, `${own} s, and ${promised} s are promised; ${before} s by the timers`);
});

for (const fault of ["power-off", "pause-60s", "nfs-partition"])
  step(`${fault}: nothing is lost, and never two write`, async () => {
    await healthy(patience);
    const { code, report } = await drill("--fault", fault, "--trials", "5");
    const [row] = report.rows;
    assert.equal(row?.n, 5);
    assert.ok((row.acknowledged ?? 0) > 0, "no write was acknowledged");
    assert.deepEqual([row.lost, row.duplicated, row.breaches], [0, 0, []]);
    // What runs on a node that is cut off for a moment longer can write nothing; what it acknowledges would be lost.
    if (fault !== "pause-60s") assert.equal(row.twoWriters?.max, 0);
    assert.equal(code, 0);
  });

step("a node that was cut off is let in again", async () => {
  await healthy(patience);
  assert.equal((await onStorage("ls /srv/ha-rancher/lease")).includes("fence.barred."), false);
  const exported = await onStorage("exportfs -s");
  for (const node of ["192.168.56.11", "192.168.56.12"])
    assert.match(exported, new RegExp(`/srv/ha-rancher/data +${node.replaceAll(".", "\\.")}\\(`));
});

step("without the helper the timers decide", async () => {
  for (let i = 0; i < 5; i++) {
    await healthy(patience);
    await onStorage("systemctl kill --signal SIGSTOP ha-rancher-fencer");
    const took = await powerOff();
    assert.ok(took > byTimers, `${took} s`);
    await onStorage("systemctl kill --signal SIGCONT ha-rancher-fencer");
    await onStorage("systemctl kill --signal SIGKILL ha-rancher-fencer");
  }
  // Questions that lay there meanwhile are of owners that are long gone.
  assert.equal(running(await healthy(patience)).length, 1);
});
