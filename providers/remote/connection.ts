import type { Socket } from "node:net";
import { constants } from "node:os";
import { backOff } from "exponential-backoff";
import type { NodeSSH } from "node-ssh";
import type { ClientChannel } from "ssh2";
import { dial, SshError, shownEndpoint } from "./dial";
import type { SshEndpoint } from "./endpoint";

/*
 * The SSH connections of this process: one per endpoint, shared by all that use it. Logging in costs a node far
 * more than running a command does, and sshd lets in only so many at once.
 */

/** Commands at once on one connection: sshd's MaxSessions is 10, and others may share the connection's user. */
const channelsPerConnection = 8;

/** Milliseconds after which an unused connection is closed. Until then it does not keep the process alive. */
const idleLimit = 10_000;

/** Milliseconds for a node to start a session on an existing connection; then the connection is taken for dead. */
const sessionLimit = 20_000;

export interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** The connection turned out to be dead before the command was given to it: it certainly has not run. */
class NotStarted extends Error {}

/** An established connection with its slots. */
class Connection {
  private free = channelsPerConnection;
  private readonly queue: (() => void)[] = [];
  private idle: NodeJS.Timeout | undefined;
  private retired = false;

  constructor(
    private readonly ssh: NodeSSH,
    private readonly socket: Socket,
    private readonly where: string,
    private readonly onUnusable: () => void,
  ) {
    ssh.connection?.on("close", onUnusable);
    this.rest();
  }

  /** Takes no further commands, and ends when the running ones have ended. */
  retire(): void {
    this.retired = true;
    this.onUnusable();
    if (this.free === channelsPerConnection) this.close();
  }

  close(): void {
    this.onUnusable();
    clearTimeout(this.idle);
    this.ssh.dispose();
    // A node that is gone never answers the goodbye.
    this.socket.destroySoon();
    this.socket.unref();
  }

  private rest(): void {
    if (this.retired) this.close();
    else {
      this.socket.unref();
      this.idle = setTimeout(() => this.close(), idleLimit).unref();
    }
  }

  private async take(signal: AbortSignal): Promise<void> {
    if (this.free > 0) this.free--;
    else
      await new Promise<void>((resolve, reject) => {
        const leave = (): void => {
          this.queue.splice(this.queue.indexOf(granted), 1);
          reject(signal.reason);
        };
        const granted = (): void => {
          signal.removeEventListener("abort", leave);
          resolve();
        };
        this.queue.push(granted);
        signal.addEventListener("abort", leave, { once: true });
      });
    clearTimeout(this.idle);
    this.socket.ref();
  }

  private give(): void {
    const next = this.queue.shift();
    if (next) next();
    else if (++this.free === channelsPerConnection) this.rest();
  }

  async run(command: string, stdin: string | undefined, signal: AbortSignal): Promise<Ended> {
    await this.take(signal);
    try {
      if (this.retired) throw new NotStarted("it had to be closed");
      return await this.runNow(command, stdin, signal);
    } finally {
      this.give();
    }
  }

  private async runNow(command: string, stdin: string | undefined, signal: AbortSignal): Promise<Ended> {
    let channel: ClientChannel | undefined;
    const output = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
    const starting = setTimeout(() => this.socket.destroy(), sessionLimit);
    let stop = (): void => {};
    const aborted = new Promise<never>((_, reject) => {
      stop = () => {
        channel?.close();
        this.retire();
        reject(signal.reason);
      };
      signal.addEventListener("abort", stop, { once: true });
      if (signal.aborted) stop();
    });
    aborted.catch(() => {});
    const running = this.ssh.execCommand(command, {
      stdin,
      noTrim: true,
      onChannel: (opened) => {
        channel = opened;
        clearTimeout(starting);
        if (signal.aborted) channel.close();
      },
      // node-ssh decodes each packet by itself, which breaks characters that two packets share.
      onStdout: (chunk) => output.stdout.push(chunk),
      onStderr: (chunk) => output.stderr.push(chunk),
    });
    running.catch(() => {});
    try {
      const { code, signal: killed } = await Promise.race([running, aborted]);
      if (code === null && killed === null)
        throw new SshError(
          "lost",
          `the connection to ${this.where} broke while a command was running there: the machine or its network went away. Whether the command finished is not known.`,
        );
      const number = killed
        ? (constants.signals[`SIG${killed.replace(/^SIG/, "")}` as NodeJS.Signals] ?? 0)
        : 0;
      return {
        code: code ?? 128 + number,
        stdout: Buffer.concat(output.stdout).toString(),
        stderr: Buffer.concat(output.stderr).toString(),
      };
    } catch (error) {
      if (error instanceof SshError) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      if (/Channel open failure/.test(reason))
        throw new SshError(
          "refused",
          `${this.where} refuses another session (${reason}): \`MaxSessions\` in its sshd_config must be at least 10.`,
        );
      throw new NotStarted(reason);
    } finally {
      clearTimeout(starting);
      signal.removeEventListener("abort", stop);
    }
  }
}

/** One try to connect, shared by all that need the endpoint; given up when nobody waits for it any more. */
interface Opening {
  result: Promise<Connection>;
  waiting: number;
  abort: AbortController;
}

const connections = new Map<string, Connection>();
const openings = new Map<string, Opening>();

/** A machine that was made anew at the same address has another host key, and must not get the old connection. */
const keyOf = ({ host, port, user, hostKey, privateKey }: SshEndpoint): string =>
  JSON.stringify([host, port, user, hostKey, privateKey]);

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
    .finally(() => openings.delete(key));
  result.catch(() => {});
  const opening = { result, waiting: 0, abort };
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
      // Also makes room for a fresh try by somebody with more time.
      if (openings.get(key) === opening) openings.delete(key);
      opening.abort.abort(new SshError("timeout", "nobody waits for this connection any more"));
    }
  }
}

/** The endpoint's connection; a refused or broken try is repeated until the call's time is up. */
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
  let phase = "connecting";
  const timer = setTimeout(() => {
    limit.abort(
      phase === "connecting"
        ? new SshError(
            "unreachable",
            `${where} could not be logged in to within ${timeout / 1000} s: is the machine on and reachable from here?`,
          )
        : new SshError(
            "timeout",
            `a command on ${where} took longer than ${timeout / 1000} s and was given up (it may still be running there): the machine hangs or is overloaded.`,
          ),
    );
  }, timeout);
  const deadline = Date.now() + timeout;
  try {
    for (let attempt = 1; ; attempt++) {
      phase = "connecting";
      const found = await connection(endpoint, limit.signal, deadline);
      phase = "running";
      try {
        return await found.run(command, stdin, limit.signal);
      } catch (error) {
        if (!(error instanceof NotStarted)) throw error;
        found.retire();
        // Once: a connection that died while it was idle is not an error. Twice is the node's doing.
        if (attempt > 1)
          throw new SshError(
            "unreachable",
            `the connection to ${where} broke before a command could be started (${error.message}): try again.`,
          );
      }
    }
  } finally {
    clearTimeout(timer);
  }
}

/** Closes all connections; commands that are running fail. New ones can be opened afterwards. */
export function closeConnections(): void {
  for (const { abort } of openings.values()) abort.abort(new SshError("lost", "all connections were closed"));
  for (const one of [...connections.values()]) one.close();
}
