import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { passedOn } from "../../local/child-environment";
import { Failure } from "../../local/errors";
import { packageRoot } from "../../local/root";
import { spawnTied } from "../../local/tied";
import { ensureNeeds, namespaceArguments, wholePath } from "../try/needs";
import { showInBrowser } from "./open";
import { listening, onFreePort } from "./watch";

export interface TryOptions {
  /** Of the page, on 127.0.0.1; the next free one leads to the service. Others are tried if it is in use. */
  port: number;
  /** False: only say where. */
  browser: boolean;
  /** Install missing packages without a question. */
  yes?: boolean;
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Milliseconds for the nodes to be made, and for their end. */
const limits = { start: 60_000, end: 5_000 };

/** A socket of this machine that listens, for somebody else. */
async function socketFrom(first: number): Promise<{ port: number; server: Server }> {
  const { port, made: server } = await onFreePort(
    first,
    async (each) => {
      const made = createServer();
      await listening(made, { host: "127.0.0.1", port: each });
      return made;
    },
    "try",
  );
  return { port, server };
}

/** Node says a server's descriptor to nobody, and takes one from everybody. */
const descriptorOf = (server: Server): number =>
  (server as unknown as { _handle: { fd: number } })._handle.fd;

/**
 * Starts the world in namespaces of its own. Nothing of it has a name outside: it ends with its first process, and that one with
 * this process, however it ends.
 */
function startWorld(namespaces: string[], page: Server, service: Server, url: string): ChildProcess {
  const world = [join(packageRoot, "dist", "cli", "try", "world.js"), url];
  const inside = join(packageRoot, "cli", "try", "inside.sh");
  const env = { ...passedOn(process.env), PATH: wholePath() };
  const child = spawnTied("unshare", [...namespaces, inside, process.execPath, ...world], {
    ...{ env, stdio: ["pipe", "pipe", "inherit", descriptorOf(page), descriptorOf(service)] },
  });
  // It has them now.
  page.close();
  service.close();
  return child;
}

/** The page's token, which the world says once it stands. */
async function tokenOf(world: ChildProcess): Promise<string> {
  const lines = createInterface({ input: world.stdout as NonNullable<ChildProcess["stdout"]> });
  const ended = once(world, "exit").then(() => Promise.reject(new Failure("the nodes could not be made")));
  const late = sleep(limits.start, undefined, { ref: false }).then(() => {
    throw new Failure(`the nodes were not there after ${limits.start / 1_000} s`);
  });
  for (const each of [ended, late]) each.catch(() => {});
  const [token] = (await Promise.race([once(lines, "line"), ended, late])) as [string];
  return token;
}

/**
 * Shows two nodes and their floating IP, without machines, until Ctrl-C.
 *
 * @returns 0
 * @throws Failure where it cannot run, with the way out
 */
export async function tryOut({ port: first, browser, yes = false }: TryOptions): Promise<number> {
  await ensureNeeds(yes, say);
  const namespaces = await namespaceArguments();
  const page = await socketFrom(first);
  const service = await socketFrom(page.port + 1);
  const url = `http://127.0.0.1:${service.port}/`;
  const world = startWorld(namespaces, page.server, service.server, url);
  const ended = once(world, "exit");
  const interrupted = Promise.race(["SIGINT", "SIGTERM", "SIGHUP"].map((signal) => once(process, signal)));
  try {
    const token = await Promise.race([tokenOf(world), interrupted.then(() => undefined)]);
    if (token === undefined) return 0;
    say(
      "Two nodes, their network and their service are in namespaces of their own. Ctrl-C ends them, and nothing is left.",
    );
    say(`What answers at the VIP: ${url}`);
    showInBrowser(`http://127.0.0.1:${page.port}/${token}/`, browser);
    const how = await Promise.race([interrupted, ended.then(() => "ended")]);
    if (how === "ended") throw new Failure("the nodes have ended");
    return 0;
  } finally {
    world.stdin?.end();
    const late = setTimeout(() => world.kill("SIGKILL"), limits.end);
    if (world.exitCode === null && world.signalCode === null) await ended;
    clearTimeout(late);
  }
}
