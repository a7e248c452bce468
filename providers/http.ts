import { type Agent, type IncomingMessage, request as requestPlain } from "node:http";
import { request as requestSecure } from "node:https";
import { connect } from "node:net";

/** The result of one request: an answer or an error; `late` means that there was no answer in time. */
export type Answered =
  | { status: number | undefined; body: string }
  | { error: NodeJS.ErrnoException; late: boolean };

export interface RequestOptions {
  /** Milliseconds for the answer. */
  timeout: number;
  /** Default: GET. */
  method?: "GET" | "POST" | "PUT" | "DELETE";
  /** Sent as a form. */
  form?: Record<string, string>;
  /** Sent as it is, in place of a form, with its media type. */
  content?: { type: string; text: string };
  /** Further headers. */
  headers?: Record<string, string>;
  /** Keeps connections open; default: each request has its own connection. */
  agent?: Agent;
  /** Characters of the body to keep; default: all. */
  longest?: number;
}

const sentAs = ({ form, content = { type: "", text: "" } }: RequestOptions) =>
  form ? { type: "application/x-www-form-urlencoded", text: new URLSearchParams(form).toString() } : content;

/** The header of a user and a password. */
export const basicAuthorization = (user: string, password: string): Record<string, string> => ({
  authorization: `Basic ${Buffer.from(`${decodeURIComponent(user)}:${password}`).toString("base64")}`,
});

/**
 * Sends one request by HTTPS or plain HTTP. The certificate is not checked: services sign their own, and here only the
 * answer matters.
 */
export async function send(url: string, options: RequestOptions): Promise<Answered> {
  const { timeout, method = "GET", agent = false, longest = Number.POSITIVE_INFINITY } = options;
  const { type, text } = sentAs(options);
  return await new Promise((resolve) => {
    const signal = AbortSignal.timeout(timeout);
    const failed = (error: NodeJS.ErrnoException): void => resolve({ error, late: signal.aborted });
    const about = { "content-type": type, "content-length": String(Buffer.byteLength(text)) };
    const headers = { ...options.headers, ...(type === "" ? {} : about) };
    const all = { method, headers, agent, signal };
    const received = (response: IncomingMessage): void => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (text: string) => {
        body = (body + text).slice(0, longest);
      });
      response.on("error", failed);
      response.on("end", () => resolve({ status: response.statusCode, body: body.trim() }));
    };
    const sent = url.startsWith("https:")
      ? requestSecure(url, { ...all, rejectUnauthorized: false }, received)
      : requestPlain(url, all, received);
    sent.on("error", failed);
    sent.end(text);
  });
}

/** How many characters of an answer a message shows. */
const shownLength = 100;

/** Whether a port takes connections. */
const connected = (url: string, timeout: number): Promise<Answered> =>
  new Promise((resolve) => {
    const { hostname, port } = new URL(url);
    const signal = AbortSignal.timeout(timeout);
    const socket = connect({ host: hostname.replace(/^\[|\]$/g, ""), port: Number(port), signal });
    socket.once("error", (error) => resolve({ error, late: signal.aborted }));
    socket.once("connect", () => {
      socket.destroy();
      // As a page that answers.
      resolve({ status: 200, body: "" });
    });
  });

/**
 * Asks once: a page by HTTP or HTTPS, or whether `tcp://HOST:PORT` takes a connection, which counts as status 200.
 *
 * @param timeout milliseconds
 * @returns the first 100 characters of the body
 */
export const get = (url: string, timeout: number): Promise<Answered> =>
  url.startsWith("tcp:") ? connected(url, timeout) : send(url, { timeout, longest: shownLength });
