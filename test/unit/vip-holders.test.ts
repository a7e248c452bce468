import assert from "node:assert/strict";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { after, before, test } from "node:test";
import { closeAll } from "../../providers/remote/ssh";
import { hasAddress, measureHolders } from "../../providers/vip/holders";
import type { KnownStack } from "../../stack/known-stack";
import { holdersWhen } from "../../stack/operate";
import { TestServer } from "./remote-server";

const servers: TestServer[] = [];
after(async () => {
  closeAll();
  for (const server of servers) await server.stop();
});

/** A server whose `ip` prints a text, some seconds after it was asked. */
async function node(printed: string, hesitates = 0): Promise<TestServer> {
  const server = await new TestServer().start();
  servers.push(server);
  mkdirSync(server.path("bin"), { recursive: true });
  writeFileSync(server.path("addresses"), printed);
  writeFileSync(
    server.path("bin/ip"),
    `#!/bin/sh\nsleep ${hesitates}\n[ "$*" = "-j addr" ] && cat ${server.path("addresses")}\n`,
  );
  chmodSync(server.path("bin/ip"), 0o755);
  return server;
}

const addresses = (...locals: string[]): string =>
  JSON.stringify([
    { ifname: "lo", addr_info: [{ family: "inet", local: "127.0.0.1", prefixlen: 8 }] },
    { ifname: "eth1", addr_info: locals.map((local) => ({ family: "inet", local, prefixlen: 24 })) },
    { ifname: "down" },
  ]);

test("an address counts only as a whole", () => {
  assert.equal(hasAddress(addresses("192.168.56.10"), "192.168.56.10"), true);
  assert.equal(hasAddress(addresses("192.168.56.100", "92.168.56.10"), "192.168.56.10"), false);
  assert.throws(() => hasAddress("", "192.168.56.10"));
});

let a: TestServer;
let b: TestServer;
before(async () => {
  a = await node(addresses("192.168.56.11"));
  b = await node(addresses("192.168.56.12", "192.168.56.10"));
});

test("finds the one holder, none, and several, in the order of the nodes", async () => {
  const ask = (...nodes: TestServer[]): ReturnType<typeof measureHolders> =>
    measureHolders(
      nodes.map((server, i) => ({ name: `n${i}`, ssh: server.endpoint })),
      "192.168.56.10",
    );
  assert.deepEqual(await ask(a, b), { holders: ["n1"], unreachable: [] });
  assert.deepEqual(await ask(a), { holders: [], unreachable: [] });
  assert.deepEqual(await ask(b, a, b), { holders: ["n0", "n2"], unreachable: [] });
});

test("a node that is off, hangs or answers nonsense is unreachable, and delays nobody beyond the deadline", async () => {
  const silent = createServer((socket) => socket.on("error", () => {}).resume());
  const port = await new Promise<number>((resolve) =>
    silent.listen(0, "127.0.0.1", () => resolve((silent.address() as { port: number }).port)),
  );
  const off = await node("");
  await off.pause();
  const nodes = [
    { name: "hangs", ssh: { ...a.endpoint, port } },
    { name: "holds", ssh: b.endpoint },
    { name: "off", ssh: off.endpoint },
    { name: "nonsense", ssh: (await node("no such option")).endpoint },
    { name: "fails", ssh: (await node("")).endpoint },
  ];
  const started = Date.now();
  assert.deepEqual(await measureHolders(nodes, "192.168.56.10", 1_500), {
    holders: ["holds"],
    unreachable: ["hangs", "off", "nonsense", "fails"],
  });
  assert.ok(Date.now() - started < 9_000);
  await new Promise((resolve) => silent.close(resolve));
});

test("a move is waited for at a node that is slow to answer; one that does not answer is told from a VIP that stayed", async () => {
  const slow = await node(addresses("192.168.56.10"), 3);
  const stack = (...servers: TestServer[]): KnownStack => ({
    vip: "192.168.56.10",
    url: "",
    answers: { path: "/ping" },
    nodes: servers.map(({ endpoint }, i) => ({ ...endpoint, name: `n${i}`, address: endpoint.host })),
  });
  const first = (holders: string[]): boolean => holders[0] === "n0";
  const seen = await holdersWhen(stack(slow, a), first, "", { all: 0, once: 10_000, pause: 100 });
  assert.deepEqual(seen.holders, ["n0"]);
  const move = (once: number, ...servers: TestServer[]): Promise<unknown> =>
    holdersWhen(stack(...servers), first, "it stayed", { all: 100, once, pause: 100 });
  await assert.rejects(move(10_000, a, b), /^Failure: it stayed: look with `npm run status`$/);
  await assert.rejects(
    move(1_500, slow, b),
    /^Failure: .* is not known, n0( and n1)? did not answer over SSH: look/,
  );
});
