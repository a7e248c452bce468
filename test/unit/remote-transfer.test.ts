import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { draw, pour } from "../../providers/remote/transfer";
import { TestServer } from "./remote-server";

const server = new TestServer();
before(() => server.start());
after(() => server.stop());

const timeout = 30_000;

test("a file of any bytes goes to a node and comes back", async () => {
  const bytes = randomBytes(3_000_000);
  writeFileSync(server.path("here"), bytes);
  const said = await pour(server.endpoint, server.path("here"), `cat >${server.path("there")}; echo stored`, {
    timeout,
  });
  assert.equal(said, "stored\n");
  assert.deepEqual(readFileSync(server.path("there")), bytes);
  await draw(server.endpoint, `cat ${server.path("there")}`, server.path("back"), { timeout });
  assert.deepEqual(readFileSync(server.path("back")), bytes);
  assert.equal(statSync(server.path("back")).mode & 0o777, 0o600);
});

test("a command that fails is told with what it said, and a node with another host key gets nothing", async () => {
  await assert.rejects(
    draw(server.endpoint, "echo no such thing >&2; exit 3", server.path("none"), { timeout }),
    /127\.0\.0\.1:\d+: no such thing/,
  );
  const other = { ...server.endpoint, knownHostsFile: server.path("empty") };
  writeFileSync(other.knownHostsFile, "");
  const before = server.commands.length;
  await assert.rejects(pour(other, server.path("here"), "cat", { timeout }), /Host key verification failed/);
  assert.equal(server.commands.length, before);
});

test("a node that sends more than it said, or talks without an end, is cut off", async () => {
  const begun = Date.now();
  await assert.rejects(
    draw(server.endpoint, "head -c 200000000 /dev/zero; sleep 5", server.path("large"), {
      timeout,
      most: 1_000,
    }),
    /sends more than the 1000 bytes that it said/,
  );
  await draw(server.endpoint, "head -c 1000 /dev/zero", server.path("right"), { timeout, most: 1_000 });
  assert.equal(statSync(server.path("right")).size, 1_000);
  await assert.rejects(
    draw(server.endpoint, "head -c 3000000 /dev/zero | tr '\\0' x >&2", server.path("loud"), { timeout }),
    /printed more than 1048576 characters/,
  );
  await assert.rejects(
    pour(server.endpoint, server.path("here"), "cat >/dev/null; head -c 3000000 /dev/zero | tr '\\0' x", {
      timeout,
    }),
    /printed more than/,
  );
  assert.ok(Date.now() - begun < timeout);
});
