import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { ownerChange, ownerNow, pingAnswer } from "../../drill/probes/address";
import { Sampler } from "../../drill/probes/sampler";
import { parseSample, placeSamples, type RawSample, type Tick } from "../../drill/probes/samples";
import { clock } from "../../local/clock";
import { packageRoot } from "../../local/root";
import { put, putScript, temporaryFolder, withEnvironment } from "./cli-support";

test("an answer of ping has its own time", () => {
  const wall = (Date.now() - 1_000) / 1000;
  const at = pingAnswer(`[${wall.toFixed(6)}] 64 bytes from 192.168.56.10: icmp_seq=7 ttl=64 time=0.4 ms`);
  assert.ok(at !== undefined && Math.abs(clock() - 1_000 - at) < 500);
  assert.equal(pingAnswer("From 192.168.56.250 icmp_seq=8 Destination Host Unreachable"), undefined);
});

test("the neighbour table tells whose the VIP is", () => {
  const now = new Date().toISOString().slice(0, 23);
  const change = (rest: string) => ownerChange(`[${now}000] ${rest}`, "192.168.56.10");
  const mac = "52:54:00:aa:bb:cc";
  assert.equal(change(`192.168.56.10 dev eth0 lladdr ${mac.toUpperCase()} REACHABLE`)?.mac, mac);
  assert.equal(change(`192.168.56.10 dev eth0 lladdr ${mac} STALE`)?.mac, mac);
  assert.equal(change("192.168.56.10 dev eth0  FAILED")?.mac, "");
  assert.equal(change(`Deleted 192.168.56.10 dev eth0 lladdr ${mac} STALE`)?.mac, "");
  assert.equal(change(`192.168.56.100 dev eth0 lladdr ${mac} STALE`), undefined);
  const at = change(`192.168.56.10 dev eth0 lladdr ${mac} STALE`)?.at ?? 0;
  assert.ok(Math.abs(clock() - at) < 1_000);
  assert.equal(ownerNow(`192.168.56.10 dev eth0 lladdr ${mac} REACHABLE \n`), mac);
  assert.equal(ownerNow("192.168.56.10 dev eth0 FAILED"), "");
  assert.equal(ownerNow(""), "");
});

const rest = { vip: true, container: false, data: false, lease: false, epoch: 0, agent: "standby" };

test("a line of a recorder", () => {
  assert.deepEqual(parseSample("12.34 1 0 1 0 7 active", 99), {
    ...{ at: 99, up: 12.34, vip: true, container: false },
    ...{ data: true, lease: false, epoch: 7, agent: "active" },
  });
  for (const half of ["", "12.34 1 0", "tail: file truncated", "12.34 1 0 1 0 7 "])
    assert.equal(parseSample(half, 0), undefined);
});

test("samples are placed on our clock, whatever the delay of their lines", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -1e6, max: 1e6 }),
      fc.array(
        fc.record({
          rtt: fc.integer({ min: 0, max: 400 }),
          share: fc.double({ min: 0, max: 1, noNaN: true }),
        }),
        {
          minLength: 1,
          maxLength: 20,
        },
      ),
      fc.array(fc.integer({ min: 0, max: 5_000 }), { minLength: 1, maxLength: 20 }),
      (offset, exchanges, delays) => {
        const here = 2e6;
        const ticks = exchanges.map(({ rtt, share }, i): Tick => {
          const sent = here + 500 * i;
          return { sent, received: sent + rtt, up: Math.floor((sent + rtt * share - offset) / 10) / 100 };
        });
        const raw = delays.map((delay, i): RawSample => {
          const at = here + 100 * i;
          return { at: at + delay, up: Math.floor((at - offset) / 10) / 100, ...rest };
        });
        const best = Math.min(...exchanges.map(({ rtt }) => rtt));
        for (const [i, { at }] of placeSamples(raw, ticks).entries())
          assert.ok(Math.abs(at - (here + 100 * i)) <= best / 2 + 15, `off by ${at - (here + 100 * i)} ms`);
      },
    ),
  );
});

test("a machine that was paused for a minute is placed before and after it", () => {
  const tick = (at: number, up: number): Tick => ({ sent: at, received: at + 10, up: up / 1000 });
  const sample = (at: number, up: number): RawSample => ({ at, up: up / 1000, ...rest });
  const ticks = [tick(1_000, 500), tick(1_500, 1_000), tick(61_800, 1_300), tick(62_300, 1_800)];
  const raw = [sample(1_610, 1_100), sample(61_720, 1_210), sample(62_000, 1_500)];
  assert.deepEqual(
    placeSamples(raw, ticks).map(({ at }) => Math.round(at / 20) * 20),
    [1_600, 61_720, 62_000],
  );
});

type Said = Partial<Record<"event" | "text" | "from" | "to", string>> & { epoch: number };

/** Adds events to an agent's folder in /run, as the agent itself does. */
function agentSays(run: string, events: readonly Said[]): void {
  const program = [
    "import json, os, sys",
    "from agent.events import Events",
    "os.makedirs(sys.argv[1], exist_ok=True)",
    "events = Events(sys.argv[1] + '/events.jsonl', os.open('/dev/null', os.O_WRONLY))",
    "for event in json.load(sys.stdin): events.say(event.pop('event', 'state'), event.pop('text', ''), node='a', **event)",
  ].join("\n");
  const { status, stderr } = spawnSync("python3", ["-B", "-c", program, run], {
    env: { ...process.env, PYTHONPATH: join(packageRoot, "node") },
    input: JSON.stringify(events),
    encoding: "utf8",
  });
  assert.equal(status, 0, stderr);
}

test("a recorder sees VIP, container, data and lease, and tells again what a broken connection missed", async (t) => {
  const folder = temporaryFolder(t);
  const container = "c0ffee";
  const leaf = (address: string): string => `           |-- ${address}\n              /32 host LOCAL\n`;
  const addresses = put(join(folder, "addresses"), leaf("192.168.56.100"));
  const mounts = put(join(folder, "mounts"), "21 1 8:1 / / rw - ext4 /dev/vda1 rw\n");
  const group = join(folder, `cgroup/system.slice/docker-${container}.scope`);
  const processes = put(join(group, "cgroup.procs"), "");
  const run = join(folder, "agent-run");
  const unit = (name: string): string => join(folder, `cgroup/ha-rancher-${name}.service/cgroup.procs`);
  for (const name of ["agent", "lease"]) put(unit(name), "77\n");
  const places = {
    DRILL_RUN: join(folder, "run"),
    DRILL_ADDRESSES: addresses,
    DRILL_MOUNTS: mounts,
    DRILL_CGROUPS: join(folder, "cgroup"),
    DRILL_PROCESSES: join(folder, "processes"),
    DRILL_AGENT_RUN: run,
  };
  withEnvironment(t, places);
  const program = join(packageRoot, "node/drill/sampler");
  // In the place of ssh, which takes none of these along.
  const settings = Object.entries(places).map(([name, value]) => `${name}=${value}`);
  const sampler = new Sampler({ command: "env", args: [...settings, "bash", "-c"] }, program, {
    ...{ container, vip: "192.168.56.10", dataDirectory: "/rancher_data" },
  });
  t.after(() => {
    sampler.end();
    spawnSync(program, ["stop"]);
  });
  const until = async (what: string, condition: () => boolean): Promise<void> => {
    for (let i = 0; !condition(); i++) {
      assert.ok(i < 400, `waited in vain for ${what}; ${sampler.lastError}`);
      await sleep(25);
    }
  };
  const now = () => sampler.samples.at(-1);
  await until("the first look", () => now() !== undefined && sampler.follows);
  assert.deepEqual(
    { ...now(), at: 0 },
    {
      ...{ at: 0, vip: false, container: false, data: false, lease: false, epoch: 0, agent: "stopped" },
    },
  );

  const before = clock();
  writeFileSync(addresses, leaf("192.168.56.10"));
  await until("the VIP", () => now()?.vip === true);
  const seen = sampler.samples.find(({ vip }) => vip)?.at ?? 0;
  // How late a busy machine answers is what the recorder's clock is uncertain by: `placeSamples` is tested above.
  const uncertain = 300;
  assert.ok(seen >= before - uncertain && seen < clock() + uncertain, "the VIP is seen when it comes");

  const pause = () =>
    readFileSync(join(folder, "run", "until"), "utf8")
      .trim()
      .split(" ")[1];
  await until("the calm pace", () => pause() === "0.2");
  sampler.watch = "closely";
  await until("the close pace", () => pause() === "0.05");

  // What was missed is sent later.
  const identity = readFileSync(join(folder, "run", "recorder"), "utf8");
  (sampler as unknown as { child: { kill(signal: string): void } }).child.kill("SIGKILL");
  writeFileSync(processes, "1234\n");
  writeFileSync(mounts, "21 1 8:1 / / rw - ext4 /dev/vda1 rw\n30 1 0:4 / /rancher_data rw - nfs4 a:/b rw\n");
  await until("the container and the data", () => now()?.container === true && now()?.data === true);
  // What the kernel says of the groups below it counts for more than who is left in the container's own.
  const events = put(join(group, "cgroup.events"), "populated 0\nfrozen 0\n");
  await until("the container's end", () => now()?.container === false);
  writeFileSync(processes, "");
  writeFileSync(events, "populated 1\nfrozen 0\n");
  await until("the container's processes below it", () => now()?.container === true);
  // Without its data: one that has been killed and hangs in its end, and one that has not.
  const stat = (number: number, flags: number, pending: number): string =>
    put(
      join(folder, `processes/${number}/stat`),
      `${number} (a) 0 b) D 1 1 1 0 -1 ${flags} ${"0 ".repeat(21)}${pending} 0 0 0\n`,
    );
  const data = readFileSync(mounts);
  stat(7, 0x404100, 256);
  stat(8, 0x404104, 0);
  put(join(group, "below/cgroup.procs"), "");
  put(join(group, "below/cgroup.threads"), "7\n8\n");
  writeFileSync(mounts, "21 1 8:1 / / rw - ext4 /dev/vda1 rw\n");
  await until("the killed container", () => now()?.data === false && now()?.container === false);
  stat(8, 0x404100, 1 << 14);
  await until("one that was only asked to end", () => now()?.data === false && now()?.container === true);
  writeFileSync(mounts, data);
  // The events are written by the agent's own code. The third file of them has only what came last.
  agentSays(run, [
    { from: "begin", to: "standby", text: "nothing to adopt", epoch: 0 },
    {
      from: "standby",
      to: "contending",
      text: 'the VIP is here, "to": "active", "epoch": 9, at last',
      epoch: 0,
    },
    { event: "takeover", text: "epoch 3 after b: the lease is taken", epoch: 3 },
    { from: "contending", to: "taking", epoch: 3 },
  ]);
  await until("the agent", () => now()?.agent === "taking");
  assert.deepEqual([now()?.lease, now()?.epoch], [false, 0], "its epoch is not confirmed yet");
  agentSays(run, [{ from: "taking", to: "mounting", epoch: 3 }]);
  await until("the lease", () => now()?.lease === true);
  assert.deepEqual([now()?.epoch, now()?.agent], [3, "mounting"]);
  agentSays(run, Array(1_300).fill({ event: "unfit", text: "x".repeat(100), epoch: 3 }));
  assert.ok(existsSync(join(run, "events.jsonl.1")), "the first file is full");
  agentSays(run, [{ from: "warming", to: "active", epoch: 3 }]);
  await until("an event in another file", () => now()?.agent === "active");
  assert.equal(readFileSync(join(folder, "run", "recorder"), "utf8"), identity, "it is the same recorder");
  const times = sampler.samples.map(({ at }) => at);
  assert.ok(
    times.every((at, i) => i === 0 || at - (times[i - 1] ?? 0) < 3_000),
    "no look is missing",
  );

  // An agent that has died leaves the lease to the next one, as long as the lease process lives.
  writeFileSync(unit("agent"), "");
  await until("the agent's death", () => now()?.agent === "stopped");
  assert.deepEqual([now()?.lease, now()?.epoch], [true, 3]);
  writeFileSync(unit("lease"), "");
  await until("the lease process's death", () => now()?.lease === false);

  // A recorder that dies is started again, and its samples stay.
  const known = sampler.samples.length;
  process.kill(Number(identity.split(" ")[1]), "SIGKILL");
  await until("another recorder", () => {
    const file = join(folder, "run", "recorder");
    return existsSync(file) && readFileSync(file, "utf8") !== identity && sampler.follows;
  });
  await until("its first look", () => sampler.samples.length > known);
  // Its follower has ended in order: a process that stays would keep the connection open.
  assert.equal(sampler.lastError, "");
});

test("the scripts for nodes know the verbs that faults use", () => {
  const program = join(packageRoot, "node", "drill", "fault");
  const { status, stderr } = spawnSync(program, ["no-such-verb"], { encoding: "utf8" });
  assert.deepEqual([status, stderr.trim()], [2, "unknown verb: no-such-verb"]);
});

test("a node tells when its processes were hit, not when it began to look for them", async (t) => {
  const folder = temporaryFolder(t);
  const victim = spawn("sleep", ["60"], { stdio: "ignore" });
  t.after(() => victim.kill("SIGKILL"));
  const ended = once(victim, "exit");
  const systemctl = ["sleep 0.3", `cat /proc/uptime >"${folder}/found"`, `echo ${victim.pid}`];
  putScript(join(folder, "systemctl"), systemctl);
  const program = join(packageRoot, "node", "drill", "fault");
  const { stdout } = spawnSync(program, ["signal", "keepalived.service", "all", "KILL"], {
    env: { PATH: `${folder}:${process.env.PATH}` },
    encoding: "utf8",
  });
  assert.deepEqual(await ended, [null, "SIGKILL"]);
  const found = Number.parseFloat(readFileSync(join(folder, "found"), "utf8"));
  const { effect } = JSON.parse(stdout) as { effect: number };
  assert.ok(effect >= found, `found at ${found}: ${stdout}`);
});
