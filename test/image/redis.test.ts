import assert from "node:assert/strict";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Contained, type Running } from "./contained";

/* Redis as the lab runs it, with the client that the drill writes with: each write is on the disk before it is acknowledged. */

const password = "correct & horse";
const place = "redis://127.0.0.1";
const durable = ["--appendonly", "yes", "--appendfsync", "always", "--save", ""];

let redis: Contained;
before(async () => {
  redis = await Contained.make({ image: "redis", path: "/data", work: "/data" });
});
after(() => redis.close());

const start = (...options: string[]): Running =>
  redis.start(["redis-server", ...durable, "--requirepass", password, ...options]);

const ready = (server: Running): Promise<void> => redis.said(server, /Ready to accept connections/);

test("writes go on through kills and a stop; what was acknowledged is there, once, in order", async () => {
  let server = start();
  await ready(server);
  const writer = redis.writer(place, "a run", password);
  await writer.further(100);
  for (let kill = 0; kill < 3; kill++) {
    await redis.end(server, "SIGKILL");
    server = start();
    await writer.further(100);
  }
  assert.equal(await redis.end(server, "SIGTERM"), 0);
  assert.match(server.output(), /Calling fsync\(\) on the AOF file|DB saved|bye bye/);
  server = start();
  await writer.further(100);
  const writes = await writer.found();
  assert.ok(writes.acknowledged >= 500, JSON.stringify(writes));
  assert.deepEqual([writes.lost, writes.duplicated, writes.reordered], [[], [], []]);
  assert.deepEqual(writes.left, []);
  assert.ok(writes.outcomes.includes("no"), "a write that was refused is known not to be there");
  await redis.end(server, "SIGTERM");
});

test("its data is the user redis', and in the folder that a stack copies", async () => {
  const { uid } = await stat(join(redis.data, "appendonlydir"));
  assert.equal(uid, 999);
  assert.deepEqual(
    (await readdir(redis.data)).filter((name) => name !== "appendonlydir"),
    [],
  );
});

test("a server that keeps nothing is found out", async () => {
  let server = start("--appendonly", "no");
  await ready(server);
  const writer = redis.writer(place, "another run", password);
  await writer.further(50);
  await redis.end(server, "SIGKILL");
  server = start("--appendonly", "no");
  await writer.further(50);
  const { lost } = await writer.found();
  assert.ok(lost.length >= 50, `${lost.length} lost`);
  await redis.end(server, "SIGTERM");
});

test("another password writes nothing, and says so", async () => {
  const server = start();
  await ready(server);
  const { code, stdout, stderr } = await redis.inside(
    ...["env", "DRILL_PASSWORD=wrong", process.execPath, "-e"],
    `const {storeAt} = require(${JSON.stringify(join(__dirname, "../../drill/probes/stores/index.js"))});
     const store = storeAt("redis://127.0.0.1", "x");
     store.write(1).then(async (outcome) => {
       console.log(outcome, await store.numbers().catch((error) => error.message));
       store.close();
     });`,
  );
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^no WRONGPASS/);
  await redis.end(server, "SIGTERM");
});
