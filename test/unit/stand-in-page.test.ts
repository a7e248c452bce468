import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { packageRoot } from "../../local/root";
import { Page } from "../terminal/page";

/** What answers at the VIP: the stand-in on one node after the other, over the same data. */
interface Served {
  url: string;
  /** Undefined: nobody answers. */
  node: { node: string; address: string; since: number; starts: number; epoch: number } | undefined;
  counter: number | undefined;
}

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  let text = "";
  for await (const piece of request) text += piece;
  return text;
};

async function answer(served: Served, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? "", "http://x");
  const { node } = served;
  if (!node) return void request.socket.destroy();
  const end = (status: number, text = ""): void => void response.writeHead(status).end(text);
  if (pathname === "/")
    end(200, readFileSync(join(packageRoot, "lab", "image", "rancher", "face.html"), "utf8"));
  else if (pathname === "/face.json") end(200, JSON.stringify(node));
  else if (pathname === "/served") end(200, `rancher ${node.epoch}\n`);
  else if (request.method === "GET")
    end(served.counter === undefined ? 404 : 200, JSON.stringify({ node: { value: `${served.counter}` } }));
  else {
    const before = searchParams.get("prevValue");
    const mayWrite = before === null ? served.counter === undefined : before === String(served.counter);
    if (mayWrite) served.counter = Number(new URLSearchParams(await bodyOf(request)).get("value"));
    end(mayWrite ? 200 : 412);
  }
}

async function serve(t: TestContext): Promise<Served> {
  const served: Served = {
    url: "",
    node: { node: "one", address: "10.0.0.1", since: 1_000, starts: 1, epoch: 3 },
    counter: undefined,
  };
  const server = createServer((request, response) => void answer(served, request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  served.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return served;
}

async function until(what: string, isSo: () => boolean): Promise<void> {
  for (let i = 0; i < 600; i++) {
    if (isSo()) return;
    await sleep(50);
  }
  assert.fail(`not in 30 s: ${what}`);
}

test("the stand-in's page counts on through a failover, and shows who serves", async (t) => {
  const served = await serve(t);
  const page = await Page.open(served.url);
  t.after(() => page.close());
  await until("it counts", () => Number(page.text("count")) >= 2);
  assert.equal(page.text("node"), "one (10.0.0.1)");
  assert.equal(page.text("epoch"), "3");
  assert.equal(page.text("state"), "answers");

  served.node = undefined;
  await until("it says that nobody answers", () => /^has not answered for \d/.test(page.text("state")));
  const before = served.counter ?? assert.fail();
  served.node = { node: "two", address: "10.0.0.2", since: 2_000, starts: 2, epoch: 4 };
  await until("it counts on", () => Number(page.text("count")) > before);
  assert.equal(page.text("node"), "two (10.0.0.2)");
  assert.equal(page.text("epoch"), "4");
  assert.equal(page.text("state"), "answers");
  const events = page.log.map((line) => line.replace(/^\S+ /, "").replace(/\d+\.\d/, "N"));
  assert.deepEqual(events, ["answers again after N s", "two serves now", "does not answer"]);
});

test("two pages at once lose no count", async (t) => {
  const served = await serve(t);
  const pages = await Promise.all([Page.open(served.url), Page.open(served.url)]);
  t.after(() => {
    for (const page of pages) page.close();
  });
  await until("they count", () => (served.counter ?? 0) >= 4);
  const shown = pages.map((page) => Number(page.text("count")));
  assert.ok(Math.max(...shown) >= (served.counter ?? 0) - 1, `${shown} of ${served.counter}`);
});
