import assert from "node:assert/strict";
import { join } from "node:path";
import { before } from "node:test";
import { storedNumbers } from "../../drill/probes/stores/keys";
import { compareWrites } from "../../drill/probes/writes";
import { startLab } from "../../lab";
import { buildImage } from "../../lab/image/build";
import { makeVariant, type VariantOptions } from "../../lab/image/variant";
import { registryMirror } from "../../lab/layout";
import { within } from "../../lab/namespace";
import { pushImage } from "../../lab/registry";
import { clock } from "../../local/clock";
import type { RunResult } from "../../local/run";
import { answers } from "../../workloads/rancher/pages";
import {
  data,
  haRancher,
  healthy,
  inLab,
  labNamespace,
  onNode,
  running,
  type Status,
  status,
  tryOnNode,
} from "../lab/command";
import { set } from "../lab/stack-file";
import { step } from "../lab/steps";
import { withStack } from "../lab/with-stack";
import { Client, longestWriteGap, until } from "./client";
import { patient } from "./patient";
import { get, put, vip } from "./values";

/*
 * Rancher's life on real machines, with the stand-in: its start, what breaks it, an upgrade, and one that fails. Each
 * test goes on from where the one before it stopped, so after a failure the rest is not run.
 */

const url = `https://${vip}`;
/** Seconds. */
const healthyWithin = 240;
/** Milliseconds between an agent's word and its deed, and by which the nodes' clocks may differ. */
const slack = 5_000;
const names = ["rancher-1", "rancher-2"];

/** The versions that the stand-in passes for; the last one spoils the datastore and ends. */
const versions = {
  first: { tag: "v2.12.3" },
  next: { tag: "v2.12.4" },
  broken: {
    tag: "v2.12.5",
    start: 'echo spoilt >k3s/server/db/spoilt; echo "FATAL: the datastore cannot be migrated" >&2; exit 1',
  },
} satisfies Record<string, VariantOptions>;
const references: Record<string, string> = {};
let bootstrapPassword = "";

/** Puts a version into the lab's registry. */
async function offer(name: keyof typeof versions): Promise<string> {
  const image = await buildImage(console.log);
  const { layout, reference } = await makeVariant(image, versions[name], join(data, "images"));
  await pushImage({ layout, reference, registry: registryMirror, command: within(labNamespace) });
  references[name] = reference;
  return reference;
}

async function roles(): Promise<{ active: string; standby: string }> {
  const [active = "", ...others] = running(await healthy(healthyWithin));
  assert.deepEqual(others, []);
  return { active, standby: names.find((name) => name !== active) ?? "" };
}

const container = async (node: string): Promise<string> =>
  (JSON.parse(await onNode(node, "cat /etc/ha-rancher/service.json")) as { container: string }).container;
const labelOf = async (node: string): Promise<string> =>
  JSON.parse(await onNode(node, `docker container inspect ${await container(node)}`))[0].Config.Labels[
    "ha-rancher.image"
  ];
const containersOn = async (node: string): Promise<string[]> =>
  (await onNode(node, "docker ps --all --format {{.Names}}")).trim().split("\n");

/** When a node's agent last said something, milliseconds since 1970. */
async function lastSaid(node: string, words: string): Promise<number> {
  const log = await onNode(node, "journalctl --unit ha-rancher-agent --output short-unix --no-pager");
  const line = log.split("\n").findLast((each) => each.includes(words));
  assert.ok(line, `the agent of ${node} never said ${words}`);
  return Number.parseFloat(line) * 1000;
}

async function up(): Promise<void> {
  const { code, stderr } = await haRancher("up");
  assert.equal(code, 0, stderr);
}

/** Runs `up` while a client writes numbers; gives how it ended, and how long nothing was acknowledged (ms). */
async function upWhileWriting(run: string): Promise<RunResult & { gap: number; acknowledged: number }> {
  const client = new Client({ vip, url, answers, writes: { to: `keys://${vip}`, run } });
  try {
    await until(() => client.writes.length > 20, 60);
    const result = await haRancher("up");
    await healthy(healthyWithin);
    const done = clock();
    await until(() => client.acknowledgedSince(done), 60);
    await client.stop();
    const stored = await inLab("curl", "-skf", "-m", "30", `${url}/kv/drill/${run}`);
    assert.equal(stored.code, 0, stored.stderr);
    const { acknowledged, lost } = compareWrites(client.writes, storedNumbers(stored.stdout));
    assert.deepEqual(lost, [], "acknowledged writes are gone");
    const gap = longestWriteGap(client.writes);
    console.log(
      `${run}: ${acknowledged} writes acknowledged, none lost, ${(gap / 1000).toFixed(1)} s without`,
    );
    return { ...result, gap, acknowledged };
  } finally {
    await client.stop().catch(() => undefined);
  }
}

withStack({ down: ["--lab"] });

before(async () => {
  // The registry is the lab's, and the first version comes from it.
  await startLab(console.log);
});

step("the first start", async () => {
  set({ image: await offer("first"), ...patient });
  await up();
  const { active, standby } = await roles();
  for (const name of [active, standby]) assert.equal(await labelOf(name), references.first);
  await put("first", "kept");
  const { stdout } = await inLab("pulumi", "stack", "output", "bootstrapPassword", "--show-secrets");
  bootstrapPassword = stdout.trim();
  assert.ok(bootstrapPassword.length >= 12, "no bootstrap password");
});

step(
  "the bootstrap password is in no log, no list of processes, and nowhere in clear in the state",
  async () => {
    for (const name of names) {
      const made = await container(name);
      for (const command of [
        "journalctl --no-pager",
        "ps -efww",
        "cat /proc/[0-9]*/cmdline",
        `docker logs ${made} 2>&1`,
        "cat /var/log/*log /var/log/syslog /var/log/messages 2>/dev/null; true",
        "cat /etc/ha-rancher/* /run/ha-rancher/state 2>/dev/null; true",
      ]) {
        const { stdout } = await tryOnNode(name, command);
        assert.ok(!stdout.includes(bootstrapPassword), `${command} on ${name} shows the bootstrap password`);
      }
    }
    const { stdout } = await inLab("pulumi", "stack", "export");
    assert.ok(stdout.includes('"resources"'));
    assert.ok(!stdout.includes(bootstrapPassword), "the state has the bootstrap password in clear");
  },
);

step(
  "an agent that is stopped and started again does the same to the service, and the data is there",
  async () => {
    const { active } = await roles();
    await onNode(active, "systemctl stop ha-rancher-agent; systemctl start ha-rancher-agent");
    await roles();
    assert.match(await get("first"), /kept/);
  },
);

step("a container that is killed is started again", async () => {
  const { active } = await roles();
  await put("before-kill", "kept");
  await onNode(active, `docker kill ${await container(active)}`);
  await roles();
  assert.match(await get("before-kill"), /kept/);
});

step("an image that is missing on the standby is seen by refresh, and mended by up", async () => {
  const { standby } = await roles();
  const made = await container(standby);
  await onNode(standby, `docker rm ${made}`);
  await onNode(standby, "docker rmi --force $(docker images --quiet)");
  assert.notEqual((await inLab("pulumi", "refresh", "--yes", "--expect-no-changes")).code, 0);
  await up();
  assert.deepEqual(await containersOn(standby), [made]);
  assert.equal((await roles()).standby, standby);
});

step("a tag that does not exist is an error, and nothing is touched", async () => {
  const before = await status();
  set({ image: "ha-rancher/rancher-stand-in:v2.99.0" });
  const { code, stdout, stderr } = await haRancher("up");
  assert.notEqual(code, 0);
  assert.match(`${stdout}${stderr}`, /v2\.99\.0/);
  assert.deepEqual(running(await healthy(healthyWithin)), running(before));
  const epochs = ({ nodes }: Status) => nodes.map(({ status }) => status?.lease?.epoch ?? 0).sort();
  assert.deepEqual(epochs(await status()), epochs(before), "the service was moved");
});

step("an upgrade: the standby first, one stop and one start, no acknowledged write lost", async () => {
  const before = await roles();
  set({ image: await offer("next") });
  const { code, stderr, gap } = await upWhileWriting("upgrade");
  assert.equal(code, 0, stderr);
  const now = await roles();
  assert.equal(now.active, before.standby);
  for (const name of names) {
    assert.equal(await labelOf(name), references.next);
    // The old one is gone.
    assert.deepEqual(await containersOn(name), [await container(name)]);
  }
  // Stop and start, and nothing else: from the one agent's first word of it to the other's last.
  const [stopping, active] = [
    await lastSaid(before.active, "Active -> Stopping: "),
    await lastSaid(now.active, "Warming -> Active: "),
  ];
  assert.ok(gap < active - stopping + slack, `${gap} ms, of which ${active - stopping} ms stop and start`);
  assert.match(await get("first"), /kept/);
  const copies = await onNode(now.active, "cat /rancher_data/.snap/before");
  assert.match(copies, /^\d+\n$/);
  const second = await inLab("pulumi", "preview", "--expect-no-changes");
  assert.equal(second.code, 0, second.stdout);
});

step("an older version is refused", async () => {
  const before = await roles();
  set({ image: references.first ?? "" });
  const { code, stdout, stderr } = await haRancher("up");
  assert.notEqual(code, 0);
  assert.match(`${stdout}${stderr}`, /must not go back from .*v2\.12\.4.* to .*v2\.12\.3/);
  assert.deepEqual(await roles(), before);
  assert.equal(await labelOf(before.active), references.next);
});

step(
  "an upgrade that fails: old image and datastore are back, it says so, and no write is lost",
  async () => {
    const before = await roles();
    set({ image: await offer("broken") });
    const { code, stdout, stderr } = await upWhileWriting("failed");
    assert.notEqual(code, 0);
    const said = `${stdout}${stderr}`;
    assert.match(said, /the new container does not serve: the container ends by itself again and again/);
    assert.match(said, /serves again on .*: its datastore is as it was before the upgrade/);
    assert.match(said, /FATAL: the datastore cannot be migrated/);
    assert.deepEqual(await roles(), before);
    for (const name of names) assert.equal(await labelOf(name), references.next);
    const spoilt = "/rancher_data/k3s/server/db/spoilt";
    assert.notEqual((await tryOnNode(before.active, `test -e ${spoilt}`)).code, 0, "what was spoilt serves");
    assert.equal((await tryOnNode(before.active, "test -e /rancher_data/.snap/failed/spoilt")).code, 0);
    assert.match(await get("first"), /kept/);
  },
);

step("with the setting back all is as it was, without a move", async () => {
  const before = await roles();
  set({ image: references.next ?? "" });
  await up();
  assert.deepEqual(await roles(), before);
  for (const name of names) assert.deepEqual(await containersOn(name), [await container(name)]);
  const second = await inLab("pulumi", "preview", "--refresh", "--expect-no-changes");
  assert.equal(second.code, 0, second.stdout);
});
