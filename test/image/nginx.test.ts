import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Contained, type Running } from "./contained";

/* nginx as the lab runs it: a folder that keeps what is PUT there, with the client that the drill writes with. */

let nginx: Contained;
before(async () => {
  nginx = await Contained.make({
    image: "nginx",
    path: "/usr/share/nginx/html",
    environment: { PATH: "/usr/sbin:/usr/bin:/bin" },
  });
});
after(() => nginx.close());

const start = (): Running => nginx.start(["nginx"]);
const url = "http://127.0.0.1/kept";

const answers = async (server: Running): Promise<void> => {
  for (
    const limit = Date.now() + 30_000;
    (await nginx.inside("curl", "-s", "http://127.0.0.1/")).code !== 0;
  )
    assert.ok(Date.now() < limit, server.output());
};

test("writes go on through a kill and a stop, and are there; what is removed is gone", async () => {
  let server = start();
  await answers(server);
  const writer = nginx.writer(url, "a run");
  await writer.further(100);
  await nginx.end(server, "SIGKILL");
  server = start();
  await writer.further(100);
  assert.equal(await nginx.end(server, "SIGQUIT"), 0);
  server = start();
  await writer.further(100);
  const writes = await writer.found();
  assert.ok(writes.acknowledged >= 300, JSON.stringify(writes));
  assert.deepEqual([writes.lost, writes.duplicated, writes.reordered], [[], [], []]);
  assert.deepEqual(writes.left, []);
  assert.deepEqual(await readdir(join(nginx.data, "kept")), [], "the folder is gone, too");
  await nginx.end(server, "SIGQUIT");
});

test("uploads under way are nobody's to see, and a file is no page of its own", async () => {
  const server = start();
  await answers(server);
  const status = async (...argv: string[]) =>
    (await nginx.inside("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", ...argv)).stdout;
  assert.equal(await status("http://127.0.0.1/.uploads/"), "403");
  assert.equal(await status("-X", "PUT", "-d", "1", "http://127.0.0.1/.uploads/1"), "403");
  assert.equal(await status("-X", "PUT", "-d", "1", "http://127.0.0.1/../../../etc/passwd"), "201");
  assert.equal(await status("http://127.0.0.1/etc/passwd"), "200");
  await nginx.end(server, "SIGQUIT");
});
