import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { compareWrites } from "../../drill/probes/writes";
import { runningLab } from "../../lab";
import { clock } from "../../local/clock";
import { haRancher, healthy, inLab, onNode, running, status } from "../lab/command";
import { set } from "../lab/stack-file";
import { step } from "../lab/steps";
import { Client, until } from "./client";
import { active, containerOn, downAtTheEnd, inContainer, up, withExample } from "./example";

/*
 * What `datastore`, and the rule behind it, prevent. Redis does not lock its files. A machine is paused for longer than the
 * lease, and another one serves; then it goes on, and its Redis still writes for a moment what it was about to write. The same
 * trial twice: on a copy, as the rule wants it, nothing is lost that the other machine had acknowledged by then. With
 * `acceptLateWrites` something must be: else the trial shows nothing.
 *
 * What the machine that goes on acknowledges itself, until it notices that it has lost the lease, is lost in both: a copy cannot help
 * that, a fence agent does. It is told, and not judged here.
 */

const password = "correct-horse-battery";
const vip = "192.168.56.70";
const url = `tcp://${vip}:6379`;
process.env.DRILL_PASSWORD = password;

/** Seconds that the machine stays paused once another one serves. */
const pausedFor = 20;
/** Seconds for the other node to serve, and for the stack to be whole again. */
const patience = 300;

withExample({ name: "redis", vip, url, secrets: { "container.environment.REDISCLI_AUTH": password } });

async function machine(verb: "suspend" | "resume", node: string): Promise<void> {
  const virsh = ["virsh", "--connect", runningLab()?.libvirtUri ?? ""];
  const { stdout } = await inLab(...virsh, "list", "--all", "--name");
  const domain = stdout.split("\n").find((name) => name.trim().endsWith(node));
  assert.ok(domain, `no machine is called ${node}: ${stdout}`);
  const { code, stderr } = await inLab(...virsh, verb, domain.trim());
  assert.equal(code, 0, stderr);
}

/** Work of the service's own, as most have some: it goes on at once when its machine goes on. */
async function ownWork(node: string): Promise<void> {
  const container = await containerOn(node);
  await onNode(node, `docker exec --detach ${container} redis-cli -r -1 -i 0.01 incr own`);
}

const servesOn = async (node: string): Promise<boolean> => running(await status()).includes(node);

/** Another Redis on a copy of the files: prints the series, or that they cannot be read. */
const nextStart = (run: string): string => `
  rm -rf /tmp/next && mkdir /tmp/next && cp -R /data/appendonlydir /tmp/next
  redis-server --port 6390 --dir /tmp/next --appendonly yes >/tmp/next/log 2>&1 &
  server=$!
  for i in $(seq 60); do
    [ -e /proc/$server/exe ] || { cat /tmp/next/log; echo unreadable; exit; }
    redis-cli -p 6390 -e ping >/dev/null 2>&1 && break
    sleep 1
  done
  redis-cli -p 6390 -e lrange ha-rancher-drill:${run} 0 -1
  redis-cli -p 6390 shutdown nosave`;

/** What the next start would find of a series, without the cache of the node that serves; nothing, if it could not start. */
async function atNextStart(node: string, run: string): Promise<number[]> {
  await onNode(node, "sync; echo 3 >/proc/sys/vm/drop_caches");
  const said = await inContainer("sh", "-c", `'${nextStart(run)}'`);
  if (/^unreadable$/m.test(said)) {
    console.log(`${run}: Redis could not start on its files:\n${said}`);
    return [];
  }
  const numbers = said.split("\n").filter(Boolean).map(Number);
  assert.ok(numbers.every(Number.isInteger), said);
  return numbers;
}

/**
 * Pauses the machine that serves until another one has taken writes, and lets it go on. Gives how many are lost that were
 * acknowledged before that.
 */
async function lostByPause(run: string): Promise<number> {
  const from = await active();
  const to = from === "redis-1" ? "redis-2" : "redis-1";
  const client = new Client({ vip, url, answers: { path: "" }, writes: { to: `redis://${vip}`, run } });
  try {
    await until(() => client.writes.length > 20, 120);
    await ownWork(from);
    await sleep(2_000);
    await machine("suspend", from);
    let resumed = Number.POSITIVE_INFINITY;
    try {
      await until(() => servesOn(to), patience);
      const begun = clock();
      await until(() => client.acknowledgedSince(begun), 60);
      await ownWork(to);
      await sleep(pausedFor * 1_000);
    } finally {
      resumed = clock();
      await machine("resume", from);
    }
    await healthy(patience);
    await client.stop();
    const stored = await atNextStart(to, run);
    const { acknowledged, lost } = compareWrites(client.writes, stored);
    const before = client.writes.filter(({ answered }) => answered < resumed);
    const lostBefore = compareWrites(before, stored).lost.length;
    const when = client.writes
      .filter(({ number }) => lost.includes(number))
      .map(({ answered }) => ((answered - resumed) / 1000).toFixed(1));
    console.log(
      `${run}: ${acknowledged} writes acknowledged, ${lost.length} lost, ${lostBefore} of them before the machine went on (seconds from then: ${when.slice(0, 20).join(" ")})`,
    );
    assert.ok(acknowledged > 100, `${acknowledged}`);
    return lostBefore;
  } finally {
    await client.stop().catch(() => undefined);
  }
}

step("on a copy, nothing is lost that was acknowledged before the machine went on", async () => {
  assert.equal(await lostByPause("copy"), 0);
});

step("without `datastore` the stack is refused, with the reason", async () => {
  set({ "container.datastore": undefined });
  const { code, stdout, stderr } = await haRancher("up");
  assert.notEqual(code, 0);
  assert.match(
    `${stdout}${stderr}`,
    /`container\.datastore` (\(line \d+\) )?is missing: a node that was paused may still write/,
  );
});

step("with `acceptLateWrites: true` it is lost", async () => {
  set({ "container.acceptLateWrites": true });
  await up();
  assert.ok((await lostByPause("accepted")) > 0, "nothing was lost: the trial shows nothing");
});

downAtTheEnd();
