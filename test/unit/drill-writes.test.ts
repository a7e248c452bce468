import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:https";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { probeService, type ServiceRequest } from "../../drill/probes/service";
import { hasKeys, storedNumbers } from "../../drill/probes/stores/keys";
import { compareWrites, forgetWrites, readBack, type Write, WriteClient } from "../../drill/probes/writes";

/** What the store of the stand-in has, and how it misbehaves: by the value of a write. */
let stored: string[] = [];
let treat: (value: string) => "keep" | "lose" | "double" | "keep and break off" | "refuse" = () => "keep";
let server: Server;
let url: string;
/** The same, as the drill's client names it. */
let place: string;

const entry = (value: string, createdIndex: number) => ({
  key: `/drill/${createdIndex}`,
  value,
  createdIndex,
});

before(async () => {
  const directory = mkdtempSync(join(tmpdir(), "ha-rancher-writes-"));
  const [key, cert] = [join(directory, "key"), join(directory, "cert")];
  execFileSync(
    "openssl",
    ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=nobody", "-keyout", key, "-out", cert],
    { stdio: "ignore" },
  );
  server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, async (request, response) => {
    let body = "";
    for await (const part of request) body += part;
    if (request.method === "GET" && request.url === "/kv/") return response.end('{"action":"get","node":{}}');
    if (request.method === "DELETE") {
      stored = [];
      return response.end("{}");
    }
    if (request.method === "GET")
      return response.end(
        JSON.stringify({ node: { nodes: stored.map((value, i) => entry(value, i)).reverse() } }),
      );
    const value = new URLSearchParams(body).get("value") ?? "";
    const how = treat(value);
    if (how === "refuse") return response.writeHead(503).end();
    if (how !== "lose") stored.push(value);
    if (how === "double") stored.push(value);
    if (how === "keep and break off") return response.socket?.destroy();
    return response.writeHead(201).end(JSON.stringify({ node: entry(value, stored.length) }));
  });
  rmSync(directory, { recursive: true });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  place = `keys://127.0.0.1:${(server.address() as AddressInfo).port}`;
  url = place.replace("keys:", "https:");
});
beforeEach(() => {
  stored = [];
  treat = () => "keep";
});
after(() => {
  server.closeAllConnections();
  server.close();
});

/** Writes until there are so many. */
async function written(count: number): Promise<Write[]> {
  const writes: Write[] = [];
  const client = new WriteClient(place, "a run", (write) => writes.push(write));
  client.interval = 1;
  client.start();
  while (writes.length < count) await sleep(2);
  await client.stop();
  return writes;
}

test("writes to a store that keeps them are all there, once, in order", async () => {
  assert.equal(await hasKeys(url), true);
  const writes = await written(20);
  assert.deepEqual(
    writes.slice(0, 3).map(({ number, outcome }) => [number, outcome]),
    [
      [1, "yes"],
      [2, "yes"],
      [3, "yes"],
    ],
  );
  assert.ok(
    writes.every(({ sent, answered }, i) => answered >= sent && sent >= (writes[i - 1]?.answered ?? 0)),
  );
  assert.deepEqual(compareWrites(writes, await readBack(place, "a run")), {
    ...{ sent: writes.length, acknowledged: writes.length },
    ...{ lost: [], duplicated: [], reordered: [] },
  });
  await forgetWrites(place, "a run");
  assert.deepEqual(await readBack(place, "a run"), []);
});

test("a store that loses or doubles what it has acknowledged is found out", async () => {
  treat = (value) => (value === "3" ? "lose" : value === "5" ? "double" : "keep");
  const found = compareWrites(await written(8), await readBack(place, "a run"));
  assert.deepEqual([found.lost, found.duplicated], [[3], [5]]);
});

test("a write without an acknowledgement may be there or not", async () => {
  treat = (value) => (value === "2" ? "keep and break off" : value === "4" ? "refuse" : "keep");
  const writes = await written(6);
  assert.deepEqual(
    [1, 3].map((i) => writes[i]?.outcome),
    ["unknown", "unknown"],
  );
  const found = compareWrites(writes, await readBack(place, "a run"));
  assert.equal(found.acknowledged, writes.length - 2);
  assert.deepEqual([found.lost, found.duplicated, found.reordered], [[], [], []]);
});

test("a store that was set back shows in the order", () => {
  const write = (number: number): Write => ({ number, sent: number, answered: number + 0.5, outcome: "yes" });
  const found = compareWrites([1, 2, 3].map(write), [1, 3, 2]);
  assert.deepEqual(found.reordered, [3]);
});

test("numbers are read in the order in which the store took them", () => {
  const nodes = [entry("2", 9), entry("1", 8)];
  assert.deepEqual(storedNumbers(JSON.stringify({ node: { nodes } })), [1, 2]);
  assert.deepEqual(storedNumbers('{"node":{}}'), []);
});

test("nobody there: the write was not sent, and the question has a reason", async () => {
  const nowhere = "https://127.0.0.1:1";
  const writes: Write[] = [];
  const client = new WriteClient(nowhere.replace("https:", "keys:"), "a run", (write) => writes.push(write));
  client.interval = 1;
  client.start();
  const asked: ServiceRequest[] = [];
  const end = probeService(nowhere, { path: "/ping" }, 5, (each) => asked.push(each));
  while (writes.length < 2 || asked.length < 2) await sleep(2);
  await client.stop();
  end();
  assert.equal(writes[0]?.outcome, "no");
  assert.deepEqual([asked[0]?.ok, asked[0]?.why], [false, "ECONNREFUSED"]);
});

test("a service that does not answer gets at most four questions at once", async (t) => {
  const silent = createTcpServer((socket) => socket.on("error", () => undefined).resume());
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  t.after(() => silent.close());
  const asked: ServiceRequest[] = [];
  const { port } = silent.address() as AddressInfo;
  const end = probeService(`https://127.0.0.1:${port}`, { path: "/ping" }, 5, (each) => asked.push(each));
  while (asked.length < 8) await sleep(20);
  end();
  for (const { sent, why } of asked) {
    assert.equal(why, "timeout");
    const open = asked.filter((other) => other.sent <= sent && sent < other.answered);
    assert.ok(open.length <= 4, `${open.length} at once`);
  }
  const sent = asked.map((each) => each.sent).sort((one, two) => one - two);
  const pauses = sent.slice(1).map((at, i) => at - (sent[i] ?? 0));
  // This machine may have been busy once.
  const [longest = 0, long = 0] = pauses.sort((one, two) => two - one);
  assert.ok(long < 800, `its first answer may be missed for ${longest} and ${long} ms`);
});
