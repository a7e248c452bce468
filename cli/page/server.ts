import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { extname, join } from "node:path";
import { messageOf } from "../../local/errors";
import { packageRoot } from "../../local/root";
import { admit } from "./guard";
import { Hub, type Watch } from "./hub";
import type { Order, Orders } from "./orders";

const types: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** The page's own files, by name; nothing else is ever read. */
function pageFiles(): Map<string, { type: string; content: Buffer }> {
  const folder = join(packageRoot, "cli", "page", "files");
  return new Map(
    readdirSync(folder).flatMap((name) => {
      const type = types[extname(name)];
      return type ? [[name, { type, content: readFileSync(join(folder, name)) }]] : [];
    }),
  );
}

/** Nothing from elsewhere is loaded, nobody may show the page in a frame, and its address goes nowhere. */
const guards = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "cross-origin-resource-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
  "cache-control": "no-store",
};

/** Bytes of an order. */
const mostAsked = 4_096;

export interface PageOptions {
  /** What is. */
  watch: Watch;
  /** What can be ordered. */
  orders: Orders;
  /** Where browsers find the page; undefined: asked of the server once it listens. */
  port?: number;
}

/** A page that is served. */
export interface PageServer {
  server: Server;
  hub: Hub;
  /** In the path of all that it answers to. */
  token: string;
  end(): void;
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  let body = "";
  for await (const part of request.setEncoding("utf8")) {
    body += part;
    if (body.length > mostAsked) throw new Error("this is more than any order has");
  }
  return JSON.parse(body);
}

const answer = (response: ServerResponse, status: number, type: string, content: string | Buffer): void =>
  void response.writeHead(status, { ...guards, "content-type": type }).end(content);

const say = (response: ServerResponse, status: number, text: string): void =>
  answer(response, status, "text/plain; charset=utf-8", `${text}\n`);

/** Makes the server of a page; it does not listen yet. */
export function pageServer(options: PageOptions): PageServer {
  const token = randomBytes(24).toString("base64url");
  const files = pageFiles();
  const hub = new Hub(options.watch, (model) => options.orders.buttons(model));
  let running: string | undefined;

  async function obey(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let order: Order;
    try {
      order = options.orders.read(await bodyOf(request));
    } catch (error) {
      return say(response, 400, messageOf(error));
    }
    if (running) return say(response, 409, `\`${running}\` is under way`);
    const { name } = order;
    running = name;
    hub.say("order", { name, ended: false });
    const outcome = await order.carry().finally(() => {
      running = undefined;
    });
    hub.say("order", { name, ended: true, ...outcome });
    answer(response, 200, "application/json", JSON.stringify(outcome));
  }

  const server = createServer({ requestTimeout: 30_000 }, (request, response) => {
    const address = server.address();
    const own = typeof address === "object" && address ? address.port : 0;
    const admission = admit(request, token, options.port ?? own);
    if ("why" in admission) return say(response, admission.status, admission.why);
    const { path } = admission;
    if (request.method === "POST") {
      if (path !== "orders") return say(response, 404, "there is nothing to order here");
      return void obey(request, response);
    }
    if (path === "events") return hub.add(response);
    const file = files.get(path || "index.html");
    if (!file) return say(response, 404, "there is nothing");
    answer(response, 200, file.type, file.content);
  });
  const end = (): void => {
    hub.end();
    server.close();
    server.closeAllConnections();
  };
  return { server, hub, token, end };
}
