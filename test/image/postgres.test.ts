import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Contained, type Running } from "./contained";

/* PostgreSQL as the lab runs it, with the client that the drill writes with. */

const password = "correct horse";
const place = "postgres://postgres@127.0.0.1/postgres";

let postgres: Contained;
before(async () => {
  postgres = await Contained.make({
    image: "postgres",
    path: "/var/lib/postgresql/data",
    environment: {
      PATH: "/usr/lib/postgresql/15/bin:/usr/bin:/bin",
      PGDATA: "/var/lib/postgresql/data/pgdata",
    },
  });
});
after(() => postgres.close());

const start = (given?: string): Running =>
  postgres.start(["postgres", "-c", "max_wal_senders=0"], given ? { POSTGRES_PASSWORD: given } : {});

test("without a password the first start is refused, and nothing is left behind", async () => {
  const server = start();
  assert.equal(await server.ended, 1);
  assert.match(server.output(), /set POSTGRES_PASSWORD/);
});

test("writes go on through a kill and a stop; what was acknowledged is there, once, in order", async () => {
  let server = start(password);
  await postgres.said(server, /ready to accept connections\n/);
  const writer = postgres.writer(place, "a run", password);
  await writer.further(50);
  await postgres.end(server, "SIGKILL");
  server = start(password);
  await writer.further(50);
  assert.match(server.output(), /database system was not properly shut down/);
  assert.equal(await postgres.end(server, "SIGINT"), 0);
  server = start();
  await writer.further(50);
  const writes = await writer.found();
  assert.ok(writes.acknowledged >= 150, JSON.stringify(writes));
  assert.deepEqual([writes.lost, writes.duplicated, writes.reordered], [[], [], []]);
  assert.deepEqual(writes.left, []);
  assert.ok(writes.outcomes.includes("no"), "a write that was refused is known not to be there");
  assert.equal(await postgres.end(server, "SIGINT"), 0);
});
