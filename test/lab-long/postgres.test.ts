import assert from "node:assert/strict";
import { join } from "node:path";
import { before } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { compareWrites } from "../../drill/probes/writes";
import { startLab } from "../../lab";
import { buildImage } from "../../lab/image/build";
import { makeVariant } from "../../lab/image/variant";
import { registryMirror } from "../../lab/layout";
import { within } from "../../lab/namespace";
import { pushImage } from "../../lab/registry";
import { clock } from "../../local/clock";
import { data, haRancher, healthy, inLab, labNamespace, onNode, running } from "../lab/command";
import { drill } from "../lab/drilled";
import { set } from "../lab/stack-file";
import { step } from "../lab/steps";
import { withStack } from "../lab/with-stack";
import { Client, longestWriteGap, until } from "./client";
import { vip } from "./values";

/*
 * PostgreSQL behind the floating IP, with a client that writes a row for each number, each a transaction of its own. Each
 * test goes on from where the one before it stopped.
 */

const password = "correct horse battery";
const place = `postgres://postgres@${vip}/postgres`;
const url = `tcp://${vip}:5432`;
/** Seconds. */
const healthyWithin = 240;
const names = ["rancher-1", "rancher-2"];
process.env.DRILL_PASSWORD = password;

/** Puts a version into the lab's registry. */
async function offer(tag: string): Promise<string> {
  const image = await buildImage(console.log, "postgres");
  const { layout, reference } = await makeVariant(image, { tag }, join(data, "images"));
  await pushImage({ layout, reference, registry: registryMirror, command: within(labNamespace) });
  return reference;
}

async function active(): Promise<string> {
  const [name = "", ...others] = running(await healthy(healthyWithin));
  assert.deepEqual(others, []);
  return name;
}

const containerOn = async (node: string): Promise<string> =>
  (JSON.parse(await onNode(node, "cat /etc/ha-rancher/service.json")) as { container: string }).container;

/** Runs a program of PostgreSQL's in the container, as the server's own user. */
async function inContainer(...argv: string[]): Promise<string> {
  const node = await active();
  return await onNode(node, `docker exec --user 999 ${await containerOn(node)} ${argv.join(" ")}`);
}

async function up(): Promise<void> {
  const { code, stdout, stderr } = await haRancher("up");
  assert.equal(code, 0, `${stdout}${stderr}`);
}

/** Every index is whole, and all of it can be read. */
async function sound(): Promise<void> {
  await inContainer(
    "pg_amcheck",
    "--install-missing",
    "--heapallindexed",
    "--host=/var/run/postgresql",
    "postgres",
  );
  assert.match(
    await inContainer("pg_dump", "--host=/var/run/postgresql", "postgres"),
    /PostgreSQL database dump complete/,
  );
}

/** Does something while a client writes. Nothing that was acknowledged is lost; gives how long nothing was, seconds. */
async function whileWriting(run: string, work: () => Promise<void>): Promise<number> {
  const client = new Client({ vip, url, answers: { path: "" }, writes: { to: place, run } });
  try {
    await until(() => client.writes.length > 20, 120);
    await work();
    await healthy(healthyWithin);
    const done = clock();
    await until(() => client.acknowledgedSince(done), 120);
    await client.stop();
    const { acknowledged, lost, duplicated, reordered } = compareWrites(client.writes, await stored(run));
    assert.deepEqual({ lost, duplicated, reordered }, { lost: [], duplicated: [], reordered: [] });
    const gap = longestWriteGap(client.writes) / 1000;
    console.log(`${run}: ${acknowledged} transactions acknowledged, none lost, ${gap.toFixed(1)} s without`);
    return gap;
  } finally {
    await client.stop().catch(() => undefined);
  }
}

/** The series as the server has it: asked where the server is. */
async function stored(run: string): Promise<number[]> {
  const query = `SELECT number FROM ha_rancher_drill WHERE run = '${run}' ORDER BY place`;
  const argv = ["psql", "--host=/var/run/postgresql", "-U", "postgres", "-Atc", `"${query}"`];
  const text = await inContainer(...argv);
  return text.trim().split("\n").filter(Boolean).map(Number);
}

withStack({ down: ["--lab"], goesDown: true });

before(async () => {
  // The registry is the lab's.
  await startLab(console.log);
});

step("a PostgreSQL that was never there comes up, and answers through the VIP", async () => {
  set({
    workload: "container",
    image: await offer("15.20.0"),
    dataDirectory: "/postgres_data",
    preset: "steady",
    // What dev says of Rancher.
    httpPort: undefined,
    container: {
      name: "postgres",
      dataPath: "/var/lib/postgresql/data",
      datastore: "pgdata",
      ports: [{ published: 5432 }],
      health: [{ tcp: 5432 }, { command: ["pg_isready", "-q"], deep: true }],
      environment: { PGDATA: "/var/lib/postgresql/data/pgdata", POSTGRES_PASSWORD: password },
      stopSignal: "SIGINT",
    },
  });
  await up();
  await active();
  const { stdout } = await inLab("pulumi", "stack", "output", "url");
  assert.equal(stdout.trim(), url);
  await sound();
});

step("a second up changes nothing", async () => {
  const { code, stdout } = await inLab("pulumi", "preview", "--expect-no-changes");
  assert.equal(code, 0, stdout);
});

step("a switchover: one stop and one start, no transaction lost", async () => {
  const from = await active();
  await whileWriting("switchover", async () => {
    const { code, stdout, stderr } = await haRancher("switchover");
    assert.equal(code, 0, `${stdout}${stderr}`);
  });
  assert.notEqual(await active(), from);
  await sound();
});

step("a node that loses its power: the other one serves, and no transaction is lost", async () => {
  const from = await active();
  await whileWriting("power-off", async () => {
    const off = await haRancher("power-off", "--yes", from);
    assert.equal(off.code, 0, off.stderr);
    await sleep(5_000);
    for (const end = clock() + healthyWithin * 1000; ; await sleep(2_000)) {
      const { stdout } = await haRancher("status", "--json");
      if (/"state": ?"(no-standby|node-unreachable)"/.test(stdout)) break;
      assert.ok(clock() < end, stdout);
    }
    await up();
  });
  assert.notEqual(await active(), from);
  await sound();
});

step("another tag is an upgrade: no transaction lost", async () => {
  const reference = await offer("15.20.1");
  const gap = await whileWriting("upgrade", async () => {
    set({ image: reference });
    await up();
  });
  assert.ok(gap < 120, `${gap} s`);
  for (const name of names) {
    const labels = await onNode(name, `docker container inspect ${await containerOn(name)}`);
    assert.equal(JSON.parse(labels)[0].Config.Labels["ha-rancher.image"], reference);
  }
  await sound();
});

step("a backup is restored: what came after it is gone, what was before is there", async () => {
  const before = await stored("upgrade");
  const file = join(data, "postgres.tar");
  const backup = await haRancher("backup", "--to", file);
  assert.equal(backup.code, 0, `${backup.stdout}${backup.stderr}`);
  await whileWriting("after-the-backup", async () => {});
  const restored = await haRancher("restore", file);
  assert.equal(restored.code, 0, `${restored.stdout}${restored.stderr}`);
  assert.deepEqual(await stored("upgrade"), before);
  assert.deepEqual(await stored("after-the-backup"), []);
  await sound();
});

step("a drill writes transactions, too, and finds one writer and nothing lost", async () => {
  const faults = ["container-kill", "agent-kill", "keepalived-kill-both"].flatMap((name) => [
    "--fault",
    name,
  ]);
  const { report } = await drill(...faults, "--trials", "1", "--writes", place);
  for (const { fault, breaches, measures } of report.trials) {
    const { writes } = measures;
    assert.deepEqual(breaches, [], fault);
    assert.ok(writes && writes.acknowledged > 20, `${fault}: ${JSON.stringify(writes)}`);
    assert.deepEqual(writes.lost, []);
  }
  await sound();
});

step("another workload on this data is refused, and nothing is touched", async () => {
  const on = await active();
  const container = await containerOn(on);
  set({ workload: undefined, container: undefined, image: undefined, dataDirectory: undefined });
  const { code, stdout, stderr } = await haRancher("up");
  assert.notEqual(code, 0);
  assert.match(`${stdout}${stderr}`, /must not become one of rancher: the stack runs postgres/);
  assert.equal(await active(), on);
  assert.equal(await containerOn(on), container);
});

step("down leaves nothing", async () => {
  const { code, stdout, stderr } = await haRancher("down", "--lab");
  assert.equal(code, 0, `${stdout}${stderr}`);
});
