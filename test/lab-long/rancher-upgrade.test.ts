import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { after, before } from "node:test";
import { storedNumbers } from "../../drill/probes/stores/keys";
import { compareWrites } from "../../drill/probes/writes";
import { startLab } from "../../lab";
import { buildImage } from "../../lab/image/build";
import { makeVariant } from "../../lab/image/variant";
import { registryMirror } from "../../lab/layout";
import { within } from "../../lab/namespace";
import { pushImage } from "../../lab/registry";
import { clock } from "../../local/clock";
import { packageRoot } from "../../local/root";
import { answers } from "../../workloads/rancher/pages";
import {
  data,
  environment,
  haRancher,
  haRancherWithin,
  inLab,
  labNamespace,
  onNode,
  running,
  stack,
  status,
} from "../lab/command";
import { set } from "../lab/stack-file";
import { step } from "../lab/steps";
import { withStack } from "../lab/with-stack";
import { Client, longestWriteGap, until } from "./client";
import { patient } from "./patient";
import { vip } from "./values";

/*
 * An upgrade over two lines of versions on real machines, while a client writes: what is refused, and a walk that is killed at
 * each of its steps. Each test goes on from where the one before it stopped.
 */

const url = `https://${vip}`;
const repository = "ha-rancher/rancher-stand-in";
const versions = ["v2.12.3", "v2.13.3", "v2.14.3"];
/** Seconds. */
const healthyWithin = 300;
/** Milliseconds of a walk over two lines on emulated machines. */
const walkLimit = 60 * 60_000;
const names = ["rancher-1", "rancher-2"];

/**
 * A stand-in that behaves as the table says: it starts on its own line's datastore and on that of the line before, which is its
 * own from then on; on a newer one, and on one two lines older, it ends.
 */
const startOf = (line: number): string => `
  mkdir -p k3s/server/db
  found=$(cat k3s/server/db/line 2>/dev/null || echo ${line})
  if [ "$found" -gt ${line} ]; then echo "FATAL: cannot downgrade from line $found" >&2; exit 1; fi
  if [ "$found" -lt ${line - 1} ]; then echo "FATAL: the datastore is of line $found" >&2; exit 1; fi
  echo ${line} >k3s/server/db/line
  exec entrypoint.sh`;

const lineOf = (version: string): number => Number(version.split(".")[1]);

async function offer(version: string): Promise<void> {
  const image = await buildImage(console.log);
  const options = { tag: version, start: startOf(lineOf(version)) };
  const { layout, reference } = await makeVariant(image, options, join(data, "images"));
  await pushImage({ layout, reference, registry: registryMirror, command: within(labNamespace) });
}

/** The one node that serves; in the middle of an upgrade there may be no standby. */
async function active(): Promise<string> {
  let found: string[] = [];
  await until(async () => {
    found = running(await status());
    return found.length === 1;
  }, healthyWithin);
  return found[0] ?? "";
}

const labelsOn = async (node: string): Promise<string[]> =>
  (await onNode(node, `docker ps --all --format '{{.Label "ha-rancher.image"}}'`)).trim().split("\n");

const epochOf = async (): Promise<string> =>
  (await onNode(await active(), "cat /rancher_lease/epoch")).trim();

/** A walk that is killed, with all that it started, as soon as it says something. */
async function killedAt(word: RegExp): Promise<void> {
  const program = join(packageRoot, "cli", "bootstrap.mjs");
  const child = spawn(process.execPath, [program, "upgrade", "--stack", stack, "v2.14.3"], {
    cwd: packageRoot,
    env: environment,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  let isKilled = false;
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      if (isKilled || !word.test(said)) return;
      isKilled = true;
      process.kill(-(child.pid ?? 0), "SIGKILL");
    });
  await new Promise((resolve) => child.once("close", resolve));
  assert.ok(isKilled, `it never said ${word}: ${said}`);
}

/** etcd's members, through its own gateway in the stand-in. */
const member = async (verb: string, body: object): Promise<string> =>
  (
    await inLab(
      ...["curl", "-skf", "-m", "30", "-X", "POST", "-d", JSON.stringify(body)],
      `${url}/v3/cluster/member/${verb}`,
    )
  ).stdout;

withStack({ down: ["--lab"] });

let client: Client | undefined;
const run = "two-lines";

before(async () => {
  await startLab(console.log);
  for (const version of versions) await offer(version);
});

after(async () => {
  await client?.stop().catch(() => undefined);
});

step("the oldest version serves, and a client writes from here to the end", async () => {
  set({ image: `${repository}:v2.12.3`, ...patient });
  const { code, stderr } = await haRancher("up");
  assert.equal(code, 0, stderr);
  client = new Client({ vip, url, answers, writes: { to: `keys://${vip}`, run } });
  await until(() => (client?.writes.length ?? 0) > 20, 60);
});

step("a version over the next one is refused with the way, and nothing is touched", async () => {
  const before = await epochOf();
  set({ image: `${repository}:v2.14.3` });
  const { code, stdout, stderr } = await haRancher("up");
  assert.notEqual(code, 0);
  assert.match(`${stdout}${stderr}`.replace(/\s+/g, " "), /v2\.12\.3 -> v2\.13\.3 -> v2\.14\.3/);
  set({ image: `${repository}:v2.12.3` });
  assert.equal(await epochOf(), before);
  for (const name of names) assert.deepEqual(await labelsOn(name), [`${repository}:v2.12.3`]);
});

step("a former member in the datastore stops the walk before its first step", async () => {
  const before = await epochOf();
  const made = await member("add", { peerURLs: ["http://127.0.0.1:9999"], isLearner: true });
  const { ID } = (JSON.parse(made) as { member: { ID: string } }).member;
  const { code, stderr } = await haRancher("upgrade", "v2.14.3");
  assert.notEqual(code, 0);
  assert.match(stderr, /nothing was touched:[\s\S]*names 2 members, where there is one/);
  assert.equal(await epochOf(), before);
  await member("remove", { ID });
});

for (const word of [
  /v2\.13\.3, step 1 of 2/,
  /standing by with/,
  /the service moves to/,
  /v2\.13\.3 serves, and the stack is healthy/,
  /v2\.14\.3, the step/,
  /standing by with/,
  /the service moves to/,
])
  step(`killed at ${word}, whatever serves has the datastore of its own line`, async () => {
    await killedAt(word);
    const node = await active();
    const line = (await onNode(node, "cat /rancher_data/k3s/server/db/line")).trim();
    const named = await onNode(node, "cat /etc/ha-rancher/service.json");
    const { container } = JSON.parse(named) as { container: string };
    const label = `docker container inspect --format '{{index .Config.Labels "ha-rancher.image"}}' ${container}`;
    assert.equal(lineOf((await onNode(node, label)).trim().split(":")[1] ?? ""), Number(line));
  });

step("the next run comes to the end, and no acknowledged write is lost on the whole way", async () => {
  const { code, stderr } = await haRancherWithin(walkLimit, "upgrade", "v2.14.3");
  assert.equal(code, 0, stderr);
  const node = await active();
  assert.equal((await onNode(node, "cat /rancher_data/k3s/server/db/line")).trim(), "14");
  for (const name of names) assert.deepEqual(await labelsOn(name), [`${repository}:v2.14.3`]);
  const done = clock();
  const writer = client ?? assert.fail("no client");
  await until(() => writer.acknowledgedSince(done), 120);
  await writer.stop();
  const stored = await inLab("curl", "-skf", "-m", "30", `${url}/kv/drill/${run}`);
  assert.equal(stored.code, 0, stored.stderr);
  const { acknowledged, lost } = compareWrites(writer.writes, storedNumbers(stored.stdout));
  assert.deepEqual(lost, [], "acknowledged writes are gone");
  const gap = longestWriteGap(writer.writes) / 1_000;
  console.log(`${acknowledged} writes acknowledged, none lost, at most ${gap.toFixed(1)} s without`);
});

step("what is settled is left alone", async () => {
  const before = await epochOf();
  const { code, stderr } = await haRancher("upgrade", "v2.14.3");
  assert.equal(code, 0, stderr);
  assert.equal(await epochOf(), before);
});
