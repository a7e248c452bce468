import { timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

/** What is looked at of a request. */
export interface Asked {
  method?: string | undefined;
  url?: string | undefined;
  headers: IncomingHttpHeaders;
}

/** A request that is let in, by the path behind the token; or why it is refused. */
export type Admission = { path: string } | { status: 403 | 404 | 405 | 415; why: string };

const same = (one: string, other: string): boolean =>
  Buffer.byteLength(one) === Buffer.byteLength(other) &&
  timingSafeEqual(Buffer.from(one), Buffer.from(other));

/**
 * Lets in who knows the token and comes from the page itself. Any page of the web may send requests to this machine, and a name of
 * its own may lead here (DNS rebinding): so the host must be ours, and the origin, where a browser says it, too. What changes
 * something must say it.
 *
 * @param port where browsers find the page
 */
export function admit({ method, url = "", headers }: Asked, token: string, port: number): Admission {
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`];
  const { host = "", origin } = headers;
  if (!hosts.includes(host)) return { status: 403, why: "this is not the host of this page" };
  const isOwn = origin === `http://${host}`;
  const site = headers["sec-fetch-site"];
  const isForeign = site !== undefined && site !== "same-origin" && site !== "none";
  if ((origin !== undefined && !isOwn) || isForeign)
    return { status: 403, why: "another page may not ask for this" };
  const [, given = "", path = ""] = /^\/([\w-]{1,100})\/([\w.-]{0,40})$/.exec(url) ?? [];
  if (!same(given, token))
    return {
      status: 404,
      why: "there is nothing: the address has a token, which is told anew at each start",
    };
  if (method === "GET" || method === "HEAD") return { path };
  if (method !== "POST") return { status: 405, why: "this is not done with that method" };
  if (!isOwn) return { status: 403, why: "orders come from the page itself" };
  if (headers["content-type"] !== "application/json") return { status: 415, why: "orders are JSON" };
  return { path };
}
