import assert from "node:assert/strict";
import type { RequestListener } from "node:http";
import { createServer } from "node:net";
import { after, before, beforeEach, test } from "node:test";
import type { Page } from "../../domain/page";
import { ping, waitForPing } from "../../providers/vip/ping";
import { httpsServer } from "./https-server";

/** What Rancher answers. */
const pong = { path: "/ping", body: "pong" };

let url: string;
let end: () => void;
let answer: RequestListener;

before(async () => {
  const server = await httpsServer((...args) => answer(...args));
  ({ url } = server);
  end = server.end;
});
beforeEach(() => {
  answer = (_request, response) => response.end("pong");
});
after(() => end());

test("a pong is a pong, though nobody signed the certificate", async () => {
  assert.deepEqual(await ping(url, pong, 2_000), { ok: true, why: "answers" });
});

test("without an answer that is expected the status counts alone", async () => {
  answer = (_request, response) => response.end("anything");
  assert.deepEqual(await ping(url, { path: "/ping" }, 2_000), { ok: true, why: "answers" });
  answer = (_request, response) => response.writeHead(404).end("pong");
  assert.equal((await ping(url, { path: "/ping" }, 2_000)).ok, false);
});

test("a page may have other statuses than 200", async () => {
  answer = (_request, response) => response.writeHead(401).end("who are you?");
  const page = { path: "/v2/", status: [200, 401] };
  assert.deepEqual(await ping(url, page, 2_000), { ok: true, why: "answers" });
  assert.equal((await ping(url, { path: "/v2/" }, 2_000)).ok, false);
});

test("without statuses any of 200 to 299 is an answer, as where the agent asks on its node", async () => {
  const with_ = async (status: number, page: Page): Promise<boolean> => {
    answer = (_request, response) => response.writeHead(status).end();
    return (await ping(url, page, 2_000)).ok;
  };
  for (const [status, ok] of [
    [200, true],
    [204, true],
    [226, true],
    [299, true],
    [300, false],
    [404, false],
  ] as const)
    for (const page of [{ path: "/" }, { path: "/", status: [] }])
      assert.equal(await with_(status, page), ok, String(status));
  assert.equal(await with_(204, { path: "/", status: [200] }), false);
});

test("where there is no page, a connection is the answer", async () => {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const page = { path: "" };
  assert.deepEqual(await ping(`tcp://127.0.0.1:${port}`, page, 2_000), { ok: true, why: "answers" });
  await new Promise((resolve) => server.close(resolve));
  const after = await ping(`tcp://127.0.0.1:${port}`, page, 2_000);
  assert.deepEqual([after.ok, after.why], [false, "refuses connections: nothing listens there yet"]);
});

test("anything else is not, and why is said", async () => {
  answer = (_request, response) => response.end("pong pong");
  assert.deepEqual(await ping(url, pong, 2_000), {
    ok: false,
    why: 'answers with status 200 and "pong pong"',
  });
  answer = (_request, response) => response.writeHead(503).end("pong");
  assert.deepEqual(await ping(url, pong, 2_000), { ok: false, why: 'answers with status 503 and "pong"' });
  answer = (_request, response) => response.socket?.destroy();
  assert.deepEqual(await ping(url, pong, 2_000), { ok: false, why: "breaks connections off" });
  assert.match((await ping("https://127.0.0.1:1", pong, 2_000)).why, /^refuses connections/);
});

test("a silent server, and one that never ends its answer, are given up in time", async () => {
  for (const silent of [
    () => {},
    ((_request, response) => response.write("pong")) satisfies RequestListener,
  ] as RequestListener[]) {
    answer = silent;
    const started = Date.now();
    assert.deepEqual(await ping(url, pong, 300), { ok: false, why: "does not answer within 0.3 s" });
    assert.ok(Date.now() - started < 5_000);
  }
});

test("waits for the service, and says each reason once", async () => {
  let asked = 0;
  answer = (_request, response) => {
    asked++;
    if (asked <= 3) response.writeHead(503);
    response.end("pong");
  };
  const said: string[] = [];
  const took = await waitForPing(url, pong, 10_000, (line) => said.push(line));
  assert.equal(asked, 4);
  assert.ok(took >= 1_400 && took < 9_000, `${took} ms`);
  assert.deepEqual(said, [`${url}/ping answers with status 503 and "pong"`]);
});

test("gives up at the deadline with the last reason", async () => {
  answer = (_request, response) => response.writeHead(503).end();
  const started = Date.now();
  await assert.rejects(
    waitForPing(url, pong, 1_200),
    /did not answer "pong" within 1.2 s; at last it answers with status 503/,
  );
  assert.ok(Date.now() - started < 9_000);
});
