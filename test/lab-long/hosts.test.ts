import assert from "node:assert/strict";
import { after, before } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { journal } from "../lab/journal";
import { hasFailed, step } from "../lab/steps";
import { HostsWorld } from "./hosts-world";

/*
 * A stack of hosts that something else started: machines of plain Vagrant. Each test goes on from where the one before
 * it stopped, so after a failure the rest is not run.
 */

const vip = "192.168.56.60";
const addresses = { left: "192.168.56.61", right: "192.168.56.62", third: "192.168.56.63" };
const all = Object.keys(addresses);

let world: HostsWorld;
/** What was on the hosts before. */
const untouched: Record<string, string> = {};

interface Status {
  healthy: boolean;
  holders: string[];
  nodes: { name: string; status?: { uptime?: number; lease?: { epoch?: number } } }[];
}

async function status(): Promise<Status> {
  return JSON.parse((await world.haRancher("status", "--json")).stdout) as Status;
}

async function healthyWithin(seconds: number): Promise<Status> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const now = await status();
    if (now.healthy) return now;
    assert.ok(Date.now() < end, `not healthy in ${seconds} s: ${JSON.stringify(now, undefined, 1)}`);
    await sleep(1_000);
  }
}

/** Seconds since its boot: a host that was restarted has fewer than before. */
const bootOf = async (name: string): Promise<string> =>
  (await world.on(name, "cat /proc/sys/kernel/random/boot_id")).trim();

/** Runs an action and asks for the VIP meanwhile; gives the longest time without an answer, in seconds. */
async function longestGap(action: () => Promise<unknown>): Promise<number> {
  let done = false;
  const pinging = (async () => {
    let last = performance.now();
    let longest = 0;
    while (!done) {
      const { code } = await world.try(["ping", "-c", "1", "-W", "1", vip]);
      const now = performance.now();
      longest = Math.max(longest, now - last);
      if (code === 0) last = now;
      await sleep(100);
    }
    return longest / 1000;
  })();
  try {
    await action();
  } finally {
    done = true;
  }
  return await pinging;
}

const write = (...names: string[]): void => world.write(`${vip}/24`, names);

before(async () => {
  world = await HostsWorld.start(addresses);
  for (const name of all) untouched[name] = await world.inventory(name);
});

after(async () => {
  if (hasFailed()) for (const name of all) await world.on(name, journal).catch(() => undefined);
  await world?.end();
});

step("up: two hosts become a stack, and are not restarted", async () => {
  const boots = await Promise.all(["left", "right"].map(bootOf));
  write("left", "right");
  await world.mustHaRancher("up");
  await healthyWithin(180);
  assert.deepEqual(await Promise.all(["left", "right"].map(bootOf)), boots);
});

step("a second up changes nothing", async () => {
  assert.doesNotMatch(await world.mustHaRancher("up"), /\d+ (created|updated|replaced|deleted|to )/);
});

step("the hosts know whose they are: another stack is refused with this one's name", async () => {
  assert.match(
    await world.on("left", "cat /var/lib/ha-rancher/host"),
    /^owner ha-rancher\/test-hosts\/left$/m,
  );
});

step("a third host joins: the VIP stays up, nobody's container is touched", async () => {
  const { holders } = await status();
  write("left", "right", "third");
  const gap = await longestGap(() => world.mustHaRancher("up"));
  assert.ok(gap < 5, `no answer for ${gap} s`);
  const now = await healthyWithin(180);
  assert.deepEqual(now.holders, holders);
  assert.equal(now.nodes.length, 3);
});

step("the holder leaves the stack: it hands over, and is as it was before", async () => {
  const [holder = ""] = (await status()).holders;
  const boot = await bootOf(holder);
  write(...all.filter((name) => name !== holder));
  const gap = await longestGap(() => world.mustHaRancher("up"));
  assert.ok(gap < 10, `no answer for ${gap} s`);
  const now = await healthyWithin(180);
  assert.ok(!now.holders.includes(holder));
  assert.equal(await world.inventory(holder), untouched[holder]);
  assert.equal(await bootOf(holder), boot);
});

step("the holder loses its power: the other serves; it comes back as standby", async () => {
  const before = await status();
  const [holder = ""] = before.holders;
  await world.power(holder, false);
  const end = Date.now() + 180_000;
  for (;;) {
    const now = await status();
    if (now.holders.length === 1 && now.holders[0] !== holder) break;
    assert.ok(Date.now() < end, "nobody took over");
    await sleep(1_000);
  }
  await world.power(holder, true);
  assert.ok(!(await healthyWithin(300)).holders.includes(holder));
});

step("down: every host is as it was before, and still runs", async () => {
  await world.mustHaRancher("down");
  for (const name of all) assert.equal(await world.inventory(name), untouched[name], name);
});
