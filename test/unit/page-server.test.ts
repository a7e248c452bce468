import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { admit } from "../../cli/page/guard";
import { message } from "../../cli/page/hub";
import type { PageModel } from "../../cli/page/model";
import { pageServer } from "../../cli/page/server";
import { Silences } from "../../cli/page/source";
import { type Carry, commandOf, stackOrders } from "../../cli/page/stack-orders";
import { FakeStack } from "./page-states";
import { node, serving, silent } from "./reported-nodes";

async function served(t: TestContext, carry: Carry = async () => ({ ok: true, text: "done" })) {
  const stack = new FakeStack();
  const page = pageServer({ watch: stack.watch, orders: stackOrders("dev", ["node-a", "node-b"], carry) });
  page.server.listen({ host: "127.0.0.1", port: 0 });
  await once(page.server, "listening");
  t.after(page.end);
  const { port } = page.server.address() as AddressInfo;
  const ask = async (path: string, options: { method?: string; headers?: object; body?: string } = {}) => {
    const headers = { host: `127.0.0.1:${port}`, ...options.headers };
    const sent = request({ host: "127.0.0.1", port, path, method: options.method ?? "GET", headers });
    sent.end(options.body);
    const [response] = (await once(sent, "response")) as [IncomingMessage];
    return response;
  };
  const own = { origin: `http://127.0.0.1:${port}`, "content-type": "application/json" };
  const order = async (body: unknown, headers: object = own): Promise<{ status: number; text: string }> => {
    const response = await ask(`/${page.token}/orders`, {
      method: "POST",
      headers,
      body: JSON.stringify(body),
    });
    return { status: response.statusCode ?? 0, text: await textOf(response) };
  };
  return { stack, page, port, ask, order, base: `/${page.token}/` };
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = "";
  for await (const part of response.setEncoding("utf8")) text += part;
  return text;
}

/** The next messages of an event stream, until one of a name. */
async function until(response: IncomingMessage, name: string): Promise<unknown> {
  let text = "";
  for await (const part of response.setEncoding("utf8").iterator({ destroyOnReturn: false })) {
    text += part;
    for (const block of text.split("\n\n").slice(0, -1)) {
      const [, event] = /^event: (.*)$/m.exec(block) ?? [];
      const [, data] = /^data: (.*)$/m.exec(block) ?? [];
      if (event === name) return JSON.parse(data ?? "");
    }
  }
  throw new Error(`no ${name}`);
}

test("the page and what it loads are served, and nothing else; nothing from elsewhere is let in", async (t) => {
  const { ask, base } = await served(t);
  const page = await ask(base);
  assert.equal(page.statusCode, 200);
  const { headers } = page;
  assert.match(String(headers["content-security-policy"]), /^default-src 'none'; script-src 'self'/);
  assert.deepEqual([headers["referrer-policy"], headers["cache-control"]], ["no-referrer", "no-store"]);
  const html = await textOf(page);
  const loads = [...html.matchAll(/(?:src|href)="([\w.-]+\.\w+)"/g)].map(([, name]) => name as string);
  assert.ok(loads.length >= 4);
  const seen = new Set(loads);
  for (const name of seen) {
    const file = await ask(base + name);
    assert.equal(file.statusCode, 200, name);
    const text = await textOf(file);
    assert.doesNotMatch(
      text.replaceAll("http://www.w3.org/2000/svg", ""),
      /https?:\/\/\w/,
      "it works offline",
    );
    for (const [, other] of text.matchAll(/from "\.\/([\w.]+)"/g)) seen.add(other as string);
  }
  for (const path of ["server.js", "../server.js", "%2e%2e/server.js", "..", "index.html/", "x", "events/"])
    assert.equal((await ask(base + path)).statusCode, 404, path);
});

test("without the token there is nothing, whatever is asked for", async (t) => {
  const { ask, base, stack } = await served(t);
  for (const path of [
    "/",
    "/events",
    "/index.html",
    `/${"x".repeat(32)}/`,
    `/${"x".repeat(32)}/events`,
    base.slice(0, -1),
    `/${base}`,
  ])
    assert.equal((await ask(path)).statusCode, 404, path);
  assert.equal(stack.watched, 0);
});

test("another host, and another page's origin, are refused, also with the token", async (t) => {
  const { ask, base, order, page, port, stack } = await served(t);
  for (const host of ["evil.example", `evil.example:${port}`, "127.0.0.1", `127.0.0.1:${port + 1}`])
    assert.equal((await ask(base, { headers: { host } })).statusCode, 403, host);
  assert.ok("why" in admit({ method: "GET", url: base, headers: {} }, page.token, port), "no host");
  assert.equal((await ask(base, { headers: { host: `localhost:${port}` } })).statusCode, 200);
  for (const headers of [
    { origin: "https://evil.example" },
    { origin: "null" },
    { origin: `http://localhost:${port}` },
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
  ])
    assert.equal((await ask(`${base}events`, { headers })).statusCode, 403, JSON.stringify(headers));
  const json = { "content-type": "application/json" };
  const resume = { order: "resume" };
  assert.equal((await order(resume, json)).status, 403, "an order without an origin");
  assert.equal((await order(resume, { ...json, origin: "https://evil.example" })).status, 403);
  const own = { origin: `http://127.0.0.1:${port}` };
  assert.equal((await order(resume, { ...own, "content-type": "text/plain" })).status, 415);
  for (const method of ["PUT", "DELETE", "OPTIONS"])
    assert.equal((await ask(`${base}orders`, { method, headers: own })).statusCode, 405);
  assert.equal(stack.watched, 0);
});

test("a token is compared as a whole", () => {
  const asked = (url: string) => admit({ method: "GET", url, headers: { host: "localhost:1" } }, "abcdef", 1);
  assert.deepEqual(asked("/abcdef/x.js"), { path: "x.js" });
  for (const url of ["/abcde/", "/abcdefg/", "/ABCDEF/", "//", "", "/abcdef/a/b"])
    assert.ok("why" in asked(url), url);
});

test("all clients share one watching, which ends a while after the last one has left", async (t) => {
  const { ask, base, stack, page } = await served(t);
  const clients = await Promise.all(Array.from({ length: 20 }, () => ask(`${base}events`)));
  assert.equal(clients[0]?.headers["content-type"], "text/event-stream");
  const models = await Promise.all(clients.map((client) => until(client, "state")));
  for (const model of models) assert.equal((model as PageModel).state, "healthy");
  assert.deepEqual([stack.watched, stack.watching, page.hub.size], [1, 1, 20]);
  const [first, ...others] = clients;
  for (const each of others) each.destroy();
  while (page.hub.size > 1) await sleep(10);
  stack.become("two-holders");
  assert.equal(((await until(first as IncomingMessage, "state")) as PageModel).state, "two-holders");
  first?.destroy();
  while (page.hub.size > 0) await sleep(10);
  assert.ok(page.hub.isWatching, "a page that is loaded anew finds it");
  const again = await ask(`${base}events`);
  await until(again, "state");
  assert.equal(stack.watched, 1);
  again.destroy();
  for (let i = 0; i < 800 && page.hub.isWatching; i++) await sleep(10);
  assert.deepEqual([stack.watching, page.hub.isWatching], [0, false]);
});

test("a look that fails ends nothing, and is said", async (t) => {
  const { ask, base, stack } = await served(t);
  const client = await ask(`${base}events`);
  await until(client, "state");
  stack.become("a situation that nobody has recorded" as "healthy");
  assert.match(JSON.stringify(await until(client, "fault")), /no such file/);
  stack.become("failover");
  assert.equal(((await until(client, "state")) as PageModel).tone, "bad");
  client.destroy();
});

test("a client gets only answers that it has not got", async (t) => {
  const { ask, base, stack } = await served(t);
  const client = await ask(`${base}events`);
  assert.equal(((await until(client, "client")) as unknown[]).length, 240);
  stack.become("failover");
  const fresh = (await until(client, "client")) as unknown[];
  assert.ok(fresh.length > 0);
  client.destroy();
});

test("a message is one line of JSON, whatever is in it", () => {
  assert.equal(
    message("state", { text: "a\n\nevent: x\r\u2028b" }),
    'event: state\ndata: {"text":"a\\n\\nevent: x\\r\u2028b"}\n\n',
  );
});

test("an order runs the command of its name, one at a time, and all are told", async (t) => {
  const carried: (readonly string[])[] = [];
  let finish: () => void = () => {};
  const waiting = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const { order, ask, base } = await served(t, async (argv) => {
    carried.push(argv);
    await waiting;
    return { ok: true, text: "node-b has the VIP" };
  });
  const client = await ask(`${base}events`);
  const first = order({ order: "switchover" });
  assert.deepEqual(await until(client, "order"), { name: "switchover", ended: false });
  const second = await order({ order: "resume" });
  assert.deepEqual([second.status, second.text], [409, "`switchover` is under way\n"]);
  finish();
  assert.deepEqual(JSON.parse((await first).text), { ok: true, text: "node-b has the VIP" });
  assert.deepEqual(await until(client, "order"), {
    name: "switchover",
    ended: true,
    ok: true,
    text: "node-b has the VIP",
  });
  assert.deepEqual(carried, [["switchover", "--stack", "dev", "--"]]);
  client.destroy();
});

test("what is no order of the page is carried out by nobody", async (t) => {
  const carried: unknown[] = [];
  const { order } = await served(t, async (argv) => {
    carried.push(argv);
    return { ok: true, text: "" };
  });
  for (const given of [
    null,
    [],
    "resume",
    {},
    { order: "down" },
    { order: "resume", more: 1 },
    { order: "maintenance", node: "--stack=other", on: true },
    { order: "maintenance", node: "node-a", on: "on" },
    { order: "pause", reason: "--help" },
    { order: "pause", reason: "a\nb" },
    { order: "pause", reason: "" },
    { order: "pause", reason: "x".repeat(5_000) },
  ])
    assert.equal((await order(given)).status, 400, JSON.stringify(given)?.slice(0, 80));
  assert.deepEqual(carried, []);
  const nodes = ["node-a"];
  assert.deepEqual(commandOf({ order: "maintenance", node: "node-a", on: false }, "x", nodes), [
    ...["maintenance", "--stack", "x", "--", "node-a", "off"],
  ]);
  assert.deepEqual(commandOf({ order: "pause", reason: " new switch " }, "x", nodes), [
    ...["pause", "--stack", "x", "--", "new switch"],
  ]);
});

test("when nodes did not answer is kept for an hour", () => {
  const silences = new Silences();
  silences.see([node("a", serving), silent("b")], 1_000);
  silences.see([node("a", serving), silent("b")], 2_000);
  assert.deepEqual(silences.all(2_500), [{ node: "b", from: 1_000, until: 2_500 }]);
  silences.see([silent("a"), node("b", serving)], 3_000);
  assert.deepEqual(silences.all(4_000), [
    { node: "b", from: 1_000, until: 3_000 },
    { node: "a", from: 3_000, until: 4_000 },
  ]);
  silences.see([silent("a"), node("b", serving)], 3_700_000);
  assert.deepEqual(
    silences.all(3_700_000).map(({ node: name }) => name),
    ["a"],
  );
});
