import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import type { ListenOptions, Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { callOf } from "../../local/called";
import { Failure } from "../../local/errors";
import { relay } from "../../local/relay";
import type { KnownStack } from "../../stack/known-stack";
import type { CommandLine } from "../on-nodes";
import { pageServer } from "../page/server";
import { seenStack, watchSeen } from "../page/source";
import { stackOrders } from "../page/stack-orders";
import { showInBrowser } from "./open";

export interface WatchOptions {
  stack: string;
  /** On 127.0.0.1; the next ones are tried if it is in use. */
  port: number;
  /** False: only say where. */
  browser: boolean;
  /** The socket that the port leads to, where this runs in a lab's network. */
  socket?: string;
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** How many ports are tried, from the first one. */
const tried = 20;

/**
 * Does it with the first port that is free.
 *
 * @param command the one that has `--port`
 * @throws Failure if none of them is
 */
export async function onFreePort<T>(
  first: number,
  listen: (port: number) => Promise<T>,
  command = "watch",
): Promise<{ port: number; made: T }> {
  for (let port = first; port < first + tried && port <= 65_535; port++) {
    try {
      return { port, made: await listen(port) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    }
  }
  throw new Failure(
    `the ports from ${first} on are in use: name another one, \`${callOf(command, "--port", Math.min(first + 100, 65_000))}\``,
  );
}

/** Resolves once it listens. */
export async function listening(server: Server, at: ListenOptions): Promise<void> {
  const failed = once(server, "error").then(([error]) => Promise.reject(error));
  server.listen(at);
  await Promise.race([once(server, "listening"), failed]);
  failed.catch(() => {});
}

/**
 * Serves the live page of a stack on this machine, until Ctrl-C.
 *
 * @returns 0
 */
export async function watchPage(
  known: KnownStack,
  { stack, port: first, browser, socket }: WatchOptions,
): Promise<number> {
  const nodes = known.nodes.map(({ name }) => name);
  const page = pageServer({
    ...{ watch: watchSeen(seenStack(stack, known)), orders: stackOrders(stack, nodes) },
    ...(socket === undefined ? {} : { port: first }),
  });
  let port = first;
  if (socket !== undefined) await listening(page.server, { path: socket });
  else
    ({ port } = await onFreePort(first, (each) => listening(page.server, { host: "127.0.0.1", port: each })));
  const url = `http://127.0.0.1:${port}/${page.token}/`;
  say("The page is for this machine alone: its address has a token, and Ctrl-C ends it.");
  showInBrowser(url, browser);
  await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM"), once(process, "SIGHUP")]);
  page.end();
  // A question to a node that does not answer is not waited for.
  setTimeout(() => process.exit(), 500).unref();
  return 0;
}

/**
 * A command line that, where the nodes are in a lab, leads a port of this machine to the page there: a browser is not in the
 * lab's network.
 */
export const throughRelay = (line: CommandLine, first: number): CommandLine => ({
  ...line,
  againInside: async (lab, argv) => {
    const folder = mkdtempSync(join(tmpdir(), "ha-rancher-"));
    const path = join(folder, "page");
    const { port, made: stop } = await onFreePort(first, (each) =>
      relay({ host: "127.0.0.1", port: each }, { path }),
    );
    try {
      return await line.againInside(lab, [...argv, "--port", String(port), "--socket", path]);
    } finally {
      stop();
      rmSync(folder, { recursive: true, force: true });
    }
  },
});
