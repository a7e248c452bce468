import { setTimeout as sleep } from "node:timers/promises";
import { backOff } from "exponential-backoff";
import { dial, SshError, shownEndpoint } from "./dial";
import type { SshEndpoint } from "./endpoint";
import { Connection, type Ended, NotStarted, SessionRefused } from "./established";

/*
 * The SSH connections of this process: one per endpoint, shared by all of its users. A login costs a node far more than
 * a command, and sshd limits the number of logins at once.
 */

/** Milliseconds for which a session is requested again from a node that refuses it, and between two requests. */
const refusedLimit = 10_000;
const refusedPause = 250;

/** One attempt to connect, shared by all who need the endpoint. It is aborted when nobody waits for it any more. */
interface Opening {
  result: Promise<Connection>;
  waiting: number;
  abort: AbortController;
}

const connections = new Map<string, Connection>();
const openings = new Map<string, Opening>();

/**
 * Identifies a connection. A machine that was made again at the same address has another host key, and must not get the
 * old connection.
 */
const keyOf = ({ host, port, user, hostKey, privateKey }: SshEndpoint): string =>
  JSON.stringify([host, port, user, hostKey, privateKey]);

function forget(key: string, opening: Opening): void {
  if (openings.get(key) === opening) openings.delete(key);
}

function startOpening(key: string, endpoint: SshEndpoint): Opening {
  const abort = new AbortController();
  const result = dial(endpoint, abort.signal)
    .then(({ ssh, socket }) => {
      const connection: Connection = new Connection(ssh, socket, shownEndpoint(endpoint), () => {
        if (connections.get(key) === connection) connections.delete(key);
      });
      connections.set(key, connection);
      return connection;
    })
    .finally(() => forget(key, opening));
  result.catch(() => {});
  const opening: Opening = { result, waiting: 0, abort };
  openings.set(key, opening);
  return opening;
}

async function open(key: string, endpoint: SshEndpoint, signal: AbortSignal): Promise<Connection> {
  const opening = openings.get(key) ?? startOpening(key, endpoint);
  opening.waiting++;
  let leave = (): void => {};
  const left = new Promise<never>((_, reject) => {
    leave = () => reject(signal.reason);
    signal.addEventListener("abort", leave, { once: true });
    if (signal.aborted) leave();
  });
  try {
    return await Promise.race([opening.result, left]);
  } finally {
    signal.removeEventListener("abort", leave);
    if (--opening.waiting === 0) {
      // A caller with more time can then make a new attempt.
      forget(key, opening);
      opening.abort.abort(new SshError("timeout", "nobody waits for this connection any more"));
    }
  }
}

/** The endpoint's connection. A refused or broken attempt is repeated until the call's time is up. */
async function connection(endpoint: SshEndpoint, signal: AbortSignal, deadline: number): Promise<Connection> {
  const key = keyOf(endpoint);
  const longestDelay = 1_000;
  return await backOff(async () => connections.get(key) ?? (await open(key, endpoint, signal)), {
    startingDelay: 200,
    maxDelay: longestDelay,
    numOfAttempts: Number.MAX_SAFE_INTEGER,
    retry: (error) =>
      error instanceof SshError && error.passing && Date.now() + longestDelay < deadline && !signal.aborted,
  });
}

/** How far a call has come. */
type CallPhase = "connecting" | "starting" | "running";

/** The error of a call whose time is up. */
function outOfTime(where: string, phase: CallPhase, timeout: number): SshError {
  if (phase === "connecting")
    return new SshError(
      "unreachable",
      `${where} could not be logged in to within ${timeout / 1000} s: is the machine on and reachable from here?`,
    );
  return new SshError(
    "timeout",
    `a command on ${where} took longer than ${timeout / 1000} s and was given up (it may still be running there): the machine hangs or is overloaded.`,
  );
}

/**
 * Runs a command on a node, over the endpoint's shared connection.
 *
 * @param timeout milliseconds for everything: connecting, waiting for a free slot, running
 * @throws SshError
 */
export async function runOver(
  endpoint: SshEndpoint,
  command: string,
  stdin: string | undefined,
  timeout: number,
): Promise<Ended> {
  const limit = new AbortController();
  const where = shownEndpoint(endpoint);
  let phase: CallPhase = "connecting";
  let refusal: SshError | undefined;
  const timer = setTimeout(
    () => limit.abort((phase === "starting" && refusal) || outOfTime(where, phase, timeout)),
    timeout,
  );
  const deadline = Date.now() + timeout;
  try {
    let died = false;
    let refusedUntil: number | undefined;
    for (;;) {
      phase = "connecting";
      const found = await connection(endpoint, limit.signal, deadline);
      phase = "starting";
      try {
        return await found.run(command, stdin, limit.signal, () => {
          phase = "running";
        });
      } catch (error) {
        if (error instanceof SessionRefused) {
          refusedUntil ??= Math.min(Date.now() + refusedLimit, deadline);
          refusal = new SshError(
            "unreachable",
            `${where} refuses another session (${error.message}): \`MaxSessions\` in its sshd_config must be at least 10.`,
          );
          if (Date.now() + refusedPause >= refusedUntil) throw refusal;
          await sleep(refusedPause);
        } else if (error instanceof NotStarted) {
          found.retire();
          // A connection may die while it is idle, so one dead connection is no error. A second one is the node's
          // fault.
          if (died)
            throw new SshError(
              "unreachable",
              `the connection to ${where} broke before a command could be started (${error.message}): try again.`,
            );
          died = true;
        } else throw error;
      }
    }
  } finally {
    clearTimeout(timer);
  }
}

/** Closes all connections; running commands fail. New connections can be opened afterwards. */
export function closeConnections(): void {
  for (const { abort } of openings.values()) abort.abort(new SshError("lost", "all connections were closed"));
  for (const one of [...connections.values()]) one.close();
}
