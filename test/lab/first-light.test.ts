import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { after, before } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { labHome } from "../../system/paths";
import { run, tryRun } from "../../system/run";
import {
  data,
  forgetData,
  haRancher,
  healthy,
  inLab,
  quietly,
  running,
  type Status,
  status,
  tellJournals,
} from "./command";
import { removeStackFile, writeStackFile } from "./stack-file";
import { hasFailed, step } from "./steps";

/*
 * The whole way, on real machines: each test goes on from where the one before it stopped, so after a failure the
 * rest is not run.
 */

const namespace = "ha-rancher-test";
const vip = "192.168.56.10";
const names = ["rancher-1", "rancher-2"];

interface Outputs {
  vip: string;
  url: string;
  currentMaster: string;
  vipHolders: string[];
  nodes: { name: string; role: string; ssh: string }[];
  takeover: { crash: number; planned: number };
}

async function outputs(): Promise<Outputs> {
  const { stdout, stderr } = await inLab("pulumi", "stack", "output", "--json");
  assert.ok(stdout, stderr);
  return JSON.parse(stdout) as Outputs;
}

/** Writes through the VIP; gives whether the write was acknowledged. */
async function put(key: string, value: string): Promise<boolean> {
  const url = `https://${vip}/kv/${key}`;
  const { code } = await inLab("curl", "-skf", "-m", "5", "-X", "PUT", "-d", `value=${value}`, url);
  return code === 0;
}

const get = async (key: string): Promise<string> =>
  (await inLab("curl", "-sk", "-m", "5", `https://${vip}/kv/${key}`)).stdout;

/** Asks for the status until it is as wanted; every answer on the way is kept. */
async function statusUntil(
  what: string,
  seconds: number,
  wanted: (now: Status) => boolean,
): Promise<Status[]> {
  const end = Date.now() + seconds * 1000;
  const seen: Status[] = [];
  for (;;) {
    const now = await status();
    seen.push(now);
    if (wanted(now)) return seen;
    assert.ok(Date.now() < end, `not ${what} in ${seconds} s; last: ${JSON.stringify(now, undefined, 1)}`);
    await sleep(500);
  }
}

before(() => {
  writeStackFile();
});

after(async () => {
  // Whatever happened: no machine, process or file of the test stays.
  if (hasFailed()) {
    await tellJournals();
    await haRancher("down");
  }
  removeStackFile();
  forgetData();
});

step("up, from nothing to a VIP that answers", async () => {
  const { code, stdout } = await haRancher("up");
  assert.equal(code, 0);
  for (const shown of [vip, `https://${vip}`, "rancher-", "ssh -i"])
    assert.ok(stdout.includes(shown), `${shown} is not shown`);
});

step("the outputs are true", async () => {
  const out = await outputs();
  assert.equal(out.vip, vip);
  assert.equal(out.url, `https://${vip}`);
  assert.deepEqual(out.vipHolders, [out.currentMaster]);
  assert.ok(out.takeover.crash < 1 && out.takeover.planned < 0.2);
  for (const node of out.nodes) {
    assert.equal(node.role, node.name === out.currentMaster ? "master" : "backup");
    const { stdout } = await inLab("sh", "-c", `${node.ssh} 'hostname; ip -br address'`);
    assert.match(stdout, new RegExp(`^${node.name}\\n`));
    assert.equal(stdout.includes(`${vip}/`), node.name === out.currentMaster);
  }
});

step("Rancher answers through the VIP, and runs on its holder alone", async () => {
  // The standby's guard may still be on its way.
  await healthy(120);
  assert.equal((await inLab("curl", "-sk", `https://${vip}/ping`)).stdout, "pong");
  const now = await status();
  assert.equal(now.code, 0, JSON.stringify(now, undefined, 1));
  assert.equal(now.state, "healthy");
  assert.deepEqual(running(now), now.holders);
  for (const { name, status: node } of now.nodes)
    assert.equal(node?.mounts?.data, now.holders.includes(name), `data mounted on ${name}`);
});

step("a second up changes nothing", async () => {
  const { code, stdout } = await haRancher("up");
  assert.equal(code, 0);
  assert.match(stdout, /\d+ unchanged/);
  assert.doesNotMatch(stdout, /\d+ (created|updated|replaced|deleted|to )/);
});

step("refresh and preview find nothing", async () => {
  const refresh = await inLab("pulumi", "refresh", "--yes", "--skip-preview");
  assert.equal(refresh.code, 0, refresh.stdout + refresh.stderr);
  const preview = await inLab("pulumi", "preview", "--expect-no-changes");
  assert.equal(preview.code, 0, preview.stdout + preview.stderr);
});

step("every node sees the heartbeats of the one that serves", async () => {
  const { holders, nodes } = await healthy(180);
  for (const { name, status: node } of nodes) assert.equal(node?.lease?.owner, holders[0], name);
});

step("the holder is powered off: the VIP moves, then the service, and the data is there", async () => {
  // An emulated node that waited for a processor for too long is taken for dead, and the service has moved.
  await healthy(180);
  assert.ok(await put("before", "written-before"), "the write before was not acknowledged");
  const [holder] = (await status()).holders;
  assert.ok(holder);
  const other = names.find((name) => name !== holder);
  const domains = (await inLab("virsh", "list", "--name")).stdout.split("\n");
  const domain = domains.find((name) => name.includes(holder));
  assert.ok(domain, `no domain of ${holder} among ${domains.join(" ")}`);
  assert.equal((await inLab("virsh", "destroy", domain)).code, 0);
  const seen = await statusUntil(
    "served by the other",
    120,
    (now) => now.holders[0] === other && now.state === "node-unreachable",
  );
  for (const now of seen) {
    assert.ok(running(now).length <= 1, "two containers");
    assert.equal(now.healthy, false);
  }
  assert.match(await get("before"), /written-before/);
  assert.ok(await put("after", "written-after"));
});

step("the next up starts the machine again", async () => {
  const { code } = await haRancher("up");
  assert.equal(code, 0);
  await healthy(120);
  assert.match(await get("after"), /written-after/);
});

step("down leaves nothing", async () => {
  const { code } = await haRancher("down");
  assert.equal(code, 0);
  const namespaces = (await run("ip", ["netns", "list"])).stdout;
  assert.doesNotMatch(namespaces, new RegExp(`^${namespace}\\b`, "m"));
  process.env.HA_RANCHER_LAB_NAME = "test";
  const home = labHome();
  const processes = await tryRun("pgrep", ["-f", home]);
  assert.equal(processes.stdout, "", "processes of the lab are left");
  const mounts = await tryRun("grep", ["-c", home, "/proc/self/mounts"]);
  assert.equal(mounts.stdout.trim(), "0");
  for (const folder of ["machines", join("nfs", "exports"), join("nfs", "data")]) {
    const path = join(home, folder);
    assert.deepEqual(existsSync(path) ? readdirSync(path) : [], [], `files are left in ${folder}`);
  }
  const stacks = join(data, "ha-rancher", "backend", ".pulumi", "stacks", "ha-rancher");
  assert.deepEqual(existsSync(stacks) ? readdirSync(stacks) : [], []);
  const gone = await quietly("status");
  assert.equal(gone.code, 1);
});
