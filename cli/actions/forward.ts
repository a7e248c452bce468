import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import type { NetConnectOpts } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { currentLab, insideLab, type LabDescription, runningLab } from "../../lab";
import { callOf } from "../../local/called";
import { Failure } from "../../local/errors";
import { overTls, relay } from "../../local/relay";
import { packageRoot } from "../../local/root";
import { ensureToolchain } from "../../local/toolchain";
import { checkSettingsFile } from "../../settings/file";
import type { WorkloadKind } from "../../settings/workload";
import { knownStack } from "../../stack/known-stack";
import { existingStackFile } from "../../stack/stack-file";
import { readState } from "../../stack/state";
import { runsInLab } from "../hypervisor";
import { backendOf, cliOf } from "../pulumi/surroundings";
import { whoWorks } from "../pulumi/turn";
import { whyUnreached } from "../unreached";

const say = (line: string): void => void process.stdout.write(`${line}\n`);

export interface ForwardOptions {
  stack: string;
  /** On 127.0.0.1. */
  port: number;
}

/** Where a browser of this machine finds a stack's service. */
export interface Passage {
  /** For the browser. */
  url: string;
  /** The stack's own. */
  origin: string;
  /** Rejects when the way ends by itself. */
  ended: Promise<never>;
  close(): void;
}

/** The ports that a URL does not name. */
const usualPorts: Record<string, number> = { "https:": 443, "http:": 80 };

/**
 * Forwards a port of this machine to the service's port on the VIP.
 *
 * @param ports tried one after the other until one is free
 * @param plain whether the browser speaks HTTP, and TLS begins here: it then has no certificate to warn of
 */
export async function passage(stack: string, ports: readonly number[], plain = false): Promise<Passage> {
  const { url, usesLab } = await serviceOf(stack);
  const lab = usesLab ? runningLab() : undefined;
  if (usesLab && !lab) throw new Failure(`the lab does not run: \`${callOf("up")}\` starts it`);
  const target = { host: url.hostname, port: Number(url.port || usualPorts[url.protocol]) };
  const gate = lab && (await openGate(lab, target));
  try {
    const { port, stop } = await listen(ports, gate?.way ?? target, plain);
    const close = (): void => {
      stop();
      gate?.close();
    };
    const ended = gate?.closed ?? new Promise<never>(() => {});
    const scheme = plain ? "http:" : url.protocol;
    return { url: `${scheme}//localhost:${port}`, origin: shownUrl(url), ended, close };
  } catch (error) {
    gate?.close();
    throw error;
  }
}

/** Without a page: of `tcp://HOST:PORT` a URL has no `origin`. */
export const shownUrl = ({ protocol, host }: URL): string => `${protocol}//${host}`;

/** What a stack runs. */
export interface StackService {
  url: URL;
  usesLab: boolean;
  workload: WorkloadKind;
  /** Whether it is the lab's stand-in for Rancher. */
  isStandIn: boolean;
}

/** Where a stack's service answers, and what it is. */
export async function serviceOf(stack: string): Promise<StackService> {
  const file = existingStackFile(stack);
  const settings = checkSettingsFile(file);
  const usesLab = await runsInLab(settings);
  if (currentLab()) throw new Failure("this is the lab's shell: run this outside of it");
  const { workload, image } = settings;
  const isStandIn = usesLab && workload === "rancher" && image === undefined;
  return { url: await urlOf(stack, file, usesLab), usesLab, workload, isStandIn };
}

async function listen(
  [port = 0, ...others]: readonly number[],
  way: NetConnectOpts,
  plain: boolean,
): Promise<{ port: number; stop: () => void }> {
  try {
    return { port, stop: await relay({ host: "127.0.0.1", port }, way, plain ? overTls : undefined) };
  } catch (error) {
    const known = error as NodeJS.ErrnoException;
    if (known.code === "EADDRINUSE" && others.length > 0) return await listen(others, way, plain);
    throw explained(known, port);
  }
}

/** Returns after Ctrl-C. @throws when the way ends by itself */
export async function untilInterrupted({ ended, close }: Passage): Promise<void> {
  try {
    await Promise.race([interruption(), ended]);
  } finally {
    close();
  }
}

/**
 * Forwards a port of this machine to the VIP's HTTPS port, so that a browser here can open it. Returns after Ctrl-C.
 */
export async function forward({ stack, port }: ForwardOptions): Promise<void> {
  const way = await passage(stack, [port]);
  say(`${way.url} is ${way.origin} now, until Ctrl-C`);
  say("(its certificate is its own: the browser will warn)");
  await untilInterrupted(way);
}

function explained(error: NodeJS.ErrnoException, port: number): Error {
  if (error.code === "EADDRINUSE") {
    return new Failure(
      `port ${port} is in use: name another one, \`${callOf("forward", "--port", port + 1)}\``,
    );
  }
  if (error.code === "EACCES") {
    return new Failure(
      `port ${port} is for root alone: name one from 1024, \`${callOf("forward", "--port", "8443")}\``,
    );
  }
  return error;
}

async function urlOf(stack: string, file: string, usesLab: boolean): Promise<URL> {
  const cli = async () => cliOf({ toolchain: await ensureToolchain(say), lab: undefined });
  const state = await readState(backendOf(usesLab, say), stack, cli);
  const known = state && knownStack(state, file);
  if (!known) throw new Failure(whyUnreached(stack, { state: "not-up" }));
  const worker = whoWorks(stack);
  if (worker !== undefined) say(worker);
  return new URL(known.url);
}

/** A gate into the lab's network: connections to its socket continue inside the lab. */
interface Gate {
  way: NetConnectOpts;
  /** Rejects when the gate ends because the lab has ended. */
  closed: Promise<never>;
  close(): void;
}

async function openGate(lab: LabDescription, target: { host: string; port: number }): Promise<Gate> {
  const folder = mkdtempSync(join(tmpdir(), "ha-rancher-"));
  const path = join(folder, "gate");
  const program = join(packageRoot, "dist", "local", "relay.js");
  const argv = [process.execPath, program, path, target.host, String(target.port)];
  const { command, args, env } = insideLab(lab, argv);
  const child: ChildProcess = spawn(command, args, { env, stdio: ["pipe", "pipe", "inherit"] });
  const close = (): void => {
    child.stdin?.end();
    rmSync(folder, { recursive: true, force: true });
  };
  const closed = once(child, "close").then(() => {
    throw new Failure(`the lab has ended: \`${callOf("up")}\` starts it again`);
  });
  // The rejection may come when nothing waits for it.
  closed.catch(() => {});
  try {
    await Promise.race([once(child.stdout as NonNullable<typeof child.stdout>, "data"), closed]);
  } catch (error) {
    close();
    throw error;
  }
  return { way: { path }, closed, close };
}

async function interruption(): Promise<void> {
  await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM"), once(process, "SIGHUP")]);
}
