import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { WritesFound } from "../../drill/probes/writes";
import { buildImage } from "../../lab/image/build";
import { parseReference } from "../../lab/registry";
import { packageRoot } from "../../local/root";
import { run } from "../../local/run";

/*
 * PostgreSQL as the lab runs it, without a container engine: its image's root folder, unpacked, as PID 1 of its own
 * namespaces, with the client that the drill writes with.
 */

const namespace = `ha-rancher-pg-${process.pid}`;
const within = (...argv: string[]): string[] => ["netns", "exec", namespace, ...argv];
const password = "correct horse";
const place = "postgres://postgres@127.0.0.1/postgres";

let folder: string;
let root: string;
const children = new Set<ChildProcess>();

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "ha-rancher-pg-"));
  await run("ip", ["netns", "add", namespace]);
  await run("ip", ["-n", namespace, "link", "set", "lo", "up"]);
  const image = await buildImage((line) => console.log(line), "postgres");
  const bundle = join(folder, "bundle");
  await run("umoci", ["unpack", "--image", `${image.layout}:${parseReference(image.reference).tag}`, bundle]);
  root = join(bundle, "rootfs");
  await mkdir(join(folder, "data"));
});

after(async () => {
  for (const child of children) child.kill("SIGKILL");
  await run("ip", ["netns", "del", namespace]);
  await rm(folder, { recursive: true, force: true });
});

/** What a container engine does, as far as the image asks for it. */
const contain = `
  set -eu
  root=$1 data=$2
  mount --bind "$data" "$root/var/lib/postgresql/data"
  mount -t tmpfs tmpfs "$root/dev"
  mount -t tmpfs -o mode=755 tmpfs "$root/run"
  mkdir -m 1777 "$root/run/postgresql" "$root/dev/shm"
  mount -t proc proc "$root/proc"
  for device in null zero urandom; do touch "$root/dev/$device"; mount --bind "/dev/$device" "$root/dev/$device"; done
  exec env -i PATH=/usr/lib/postgresql/15/bin:/usr/bin:/bin PGDATA=/var/lib/postgresql/data/pgdata \${3:+"POSTGRES_PASSWORD=$3"} \\
    "$(command -v chroot)" "$root" /bin/sh -c 'exec entrypoint.sh postgres -c max_wal_senders=0'`;

interface Server {
  child: ChildProcess;
  output: () => string;
  ended: Promise<number | null>;
}

function start(given = password): Server {
  const unshare = ["unshare", "--mount", "--pid", "--fork", "--kill-child"];
  const argv = within(...unshare, "sh", "-c", contain, "sh", root, join(folder, "data"), given);
  const child = spawn("ip", argv, { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  children.add(child);
  const ended = new Promise<number | null>((resolve) =>
    child.once("close", (code) => {
      children.delete(child);
      resolve(code);
    }),
  );
  return { child, output: () => output, ended };
}

async function ready(server: Server): Promise<void> {
  for (
    const end = Date.now() + 60_000;
    !/ready to accept connections\n/.test(server.output());
    await sleep(50)
  )
    assert.ok(Date.now() < end && children.has(server.child), server.output());
}

/** As `docker kill`, with the image's signal or another one. */
async function end(server: Server, signal: NodeJS.Signals): Promise<number | null> {
  const { pid } = server.child;
  process.kill(Number(await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")), signal);
  return await server.ended;
}

test("without a password the first start is refused, and nothing is left behind", async () => {
  const server = start("");
  assert.equal(await server.ended, 1);
  assert.match(server.output(), /set POSTGRES_PASSWORD/);
});

test("writes go on through a kill and a stop; what was acknowledged is there, once, in order", async () => {
  let server = start();
  await ready(server);
  const writer = join(packageRoot, "dist", "test", "image", "postgres-writes.js");
  const client = spawn("ip", within(process.execPath, writer, place, "a run"), {
    env: { ...process.env, PGPASSWORD: password },
    stdio: ["pipe", "pipe", "pipe"],
  });
  children.add(client);
  let dots = 0;
  client.stderr.on("data", (text: Buffer) => {
    dots += text.filter((byte) => byte === ".".charCodeAt(0)).length;
  });
  const further = async (count: number): Promise<void> => {
    const wanted = dots + count;
    for (const limit = Date.now() + 60_000; dots < wanted; await sleep(20))
      assert.ok(Date.now() < limit, `${dots} writes, not ${wanted}`);
  };
  await further(50);
  await end(server, "SIGKILL");
  await sleep(300);
  server = start();
  await further(50);
  assert.match(server.output(), /database system was not properly shut down/);
  assert.equal(await end(server, "SIGINT"), 0);
  server = start("");
  await further(50);
  let found = "";
  client.stdout.setEncoding("utf8").on("data", (text: string) => {
    found += text;
  });
  client.stdin.end();
  await new Promise((resolve) => client.once("close", resolve));
  children.delete(client);
  const writes = JSON.parse(found) as WritesFound & { outcomes: string[] };
  assert.ok(writes.acknowledged >= 150, JSON.stringify(writes));
  assert.deepEqual([writes.lost, writes.duplicated, writes.reordered], [[], [], []]);
  assert.ok(writes.outcomes.includes("no"), "a write that was refused is known not to be there");
  assert.equal(await end(server, "SIGINT"), 0);
});
