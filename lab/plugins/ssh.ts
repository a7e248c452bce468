import { connect as connectTcp, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { AuthenticationType, Client, ConnectConfig } from "ssh2";

/** Where and as whom to log in. */
export interface Login {
  host: string;
  port: number;
  user: string;
  /** The key itself. It is tried before the password. */
  privateKey?: string;
  passphrase?: string;
  password?: string;
  /** The allowed host keys, `TYPE BASE64`; undefined: any key. */
  hostKeys?: readonly string[];
  /** Milliseconds for the TCP connection; 0: no limit. */
  connectTimeout: number;
  /** Milliseconds between keepalive messages, and how many of them may stay without an answer. */
  keepalive?: { interval: number; count: number };
  /** Attempts after the first failed one; -1: no limit. The pauses between them grow from 0.1 s to 5 s. */
  retries: number;
  /** The setting with the key, for messages, such as `connection.privateKey`. */
  keySetting: string;
}

/** Milliseconds for the handshake; a slow virtual machine takes some seconds, and a server that takes longer hangs. */
const handshakeTimeout = 30_000;

/** The default: a silent node is given up after about 20 s. */
const defaultKeepalive = { interval: 5_000, count: 3 };

/** sshd's default MaxSessions is 10; two are left for others who use the same connection. */
const channelsAtOnce = 8;

const named = ({ host, port, user }: Login): string => `${user}@${host}:${port}`;

/** An error that another attempt cannot repair. */
class Hopeless extends Error {}

function settings(login: Login, socket: Socket): ConnectConfig {
  const types = [...new Set(login.hostKeys?.map((key) => key.split(/\s+/)[0] ?? ""))];
  const { interval, count } = login.keepalive ?? defaultKeepalive;
  const methods: AuthenticationType[] = [];
  if (login.privateKey) methods.push("publickey");
  if (login.password) methods.push("password", "keyboard-interactive");
  return {
    sock: socket,
    username: login.user,
    privateKey: login.privateKey,
    passphrase: login.passphrase,
    password: login.password,
    tryKeyboard: login.password !== undefined,
    authHandler: methods,
    readyTimeout: handshakeTimeout,
    keepaliveInterval: interval,
    keepaliveCountMax: count,
    ...(login.hostKeys && {
      // The server chooses the first type of this list that it has, so each must be one that we can compare.
      algorithms: {
        serverHostKey: types.flatMap((type) =>
          type === "ssh-rsa" ? ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"] : [type],
        ) as never,
      },
      hostVerifier: (key: Buffer) =>
        login.hostKeys?.some((pinned) => key.equals(Buffer.from(pinned.split(/\s+/)[1] ?? "", "base64"))) ??
        true,
    }),
  };
}

function explained(login: Login, error: Error & { code?: string; level?: string }): Error {
  const where = named(login);
  const message = error.message;
  if (/^Cannot parse privateKey|^Encrypted/.test(message)) {
    return new Hopeless(`\`${login.keySetting}\` cannot be used: ${message}; give an OpenSSH or PEM key`);
  }
  if (/Host denied|host.*verification failed|no matching host key/i.test(message)) {
    return new Hopeless(
      `${where} does not have the expected host key: either the machine was made again (then update the key), or this is another machine`,
    );
  }
  if (error.level === "client-authentication") {
    return new Error(
      `${where} does not accept \`${login.keySetting}\`: is its public key among the user's authorized_keys?`,
    );
  }
  if (error.level === "client-timeout") {
    return new Error(`${where} did not finish the SSH handshake within ${handshakeTimeout / 1000} s`);
  }
  return new Error(`${where} cannot be reached over SSH (${message}): is the machine on, is sshd running?`);
}

/** One attempt to connect. */
async function dial(login: Login, signal: AbortSignal): Promise<Client> {
  const { Client: SshClient } = require("ssh2") as typeof import("ssh2");
  const socket = connectTcp({ host: login.host, port: login.port, noDelay: true });
  const client = new SshClient();
  return await new Promise<Client>((resolve, reject) => {
    const fail = (error: Error): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      socket.destroy();
      reject(explained(login, error));
    };
    const abort = (): void => fail(new Error("cancelled"));
    const timer =
      login.connectTimeout > 0
        ? setTimeout(
            () => fail(new Error(`no answer within ${login.connectTimeout / 1000} s`)),
            login.connectTimeout,
          )
        : undefined;
    signal.addEventListener("abort", abort, { once: true });
    socket.once("connect", () => clearTimeout(timer));
    // This listener stays: an unhandled error would end the process. "close" follows and informs the pool.
    client.on("error", fail);
    socket.on("error", fail);
    client.once("close", () => fail(new Error("the connection was closed")));
    client.once("ready", () => {
      signal.removeEventListener("abort", abort);
      resolve(client);
    });
    client.on("keyboard-interactive", (_name, _instructions, _language, prompts, finish) =>
      finish(prompts.map(() => login.password ?? "")),
    );
    try {
      client.connect(settings(login, socket));
    } catch (error) {
      fail(error as Error);
    }
  });
}

async function dialRepeatedly(
  login: Login,
  signal: AbortSignal,
  onRetry: (text: string) => void,
): Promise<Client> {
  for (let tries = 1, wait = 100; ; tries++, wait = Math.min(wait * 1.5, 5_000)) {
    try {
      return await dial(login, signal);
    } catch (error) {
      if (!(error instanceof Error) || error instanceof Hopeless || signal.aborted) throw error;
      const limit = login.retries < 0 ? "inf" : String(login.retries);
      if (login.retries >= 0 && tries > login.retries) {
        throw login.retries === 0
          ? error
          : new Error(`after ${login.retries} failed attempts: ${error.message}`);
      }
      onRetry(`Dial ${tries}/${limit} failed: retrying`);
      await sleep(wait, undefined, { signal }).catch(() => {
        throw error;
      });
    }
  }
}

interface Pooled {
  client: Promise<Client>;
  used: number;
  waiting: (() => void)[];
  /** Which environment variables the server accepts, as far as known. */
  accepted: Map<string, boolean>;
}

/** One connection for each login, shared by all operations of this process. */
export class Connections {
  private readonly pool = new Map<string, Pooled>();

  /**
   * Runs an action that opens one channel and closes it before it ends. The connection is made if necessary.
   *
   * @param onRetry called after each failed attempt to connect
   */
  async use<T>(
    login: Login,
    signal: AbortSignal,
    action: (client: Client, accepted: Map<string, boolean>) => Promise<T>,
    onRetry: (text: string) => void = () => {},
  ): Promise<T> {
    const key = JSON.stringify(login);
    let pooled = this.pool.get(key);
    if (!pooled) {
      const made: Pooled = {
        client: dialRepeatedly(login, signal, onRetry),
        used: 0,
        waiting: [],
        accepted: new Map(),
      };
      const forget = (): void => {
        if (this.pool.get(key) === made) this.pool.delete(key);
      };
      made.client.then((client) => client.once("close", forget), forget);
      this.pool.set(key, made);
      pooled = made;
    }
    const { client, waiting, accepted } = pooled;
    const connected = await client;
    if (pooled.used >= channelsAtOnce) await new Promise<void>((resolve) => waiting.push(resolve));
    else pooled.used++;
    try {
      return await action(connected, accepted);
    } finally {
      const next = waiting.shift();
      if (next) next();
      else pooled.used--;
    }
  }

  close(): void {
    for (const { client } of this.pool.values()) client.then((connected) => connected.end()).catch(() => {});
    this.pool.clear();
  }
}

export interface Ran {
  /** Undefined if the connection broke before the server sent it. */
  code: number | undefined;
  signal: string | undefined;
  stdout: string;
  stderr: string;
  /** Both, in the order in which they came. */
  output: string;
}

/** Runs a command in the user's shell. */
export async function exec(
  client: Client,
  command: string,
  options: {
    env?: Record<string, string>;
    stdin?: string;
    onData?: (stream: "stdout" | "stderr", data: Buffer) => void;
  } = {},
): Promise<Ran> {
  return await new Promise<Ran>((resolve, reject) => {
    const started = (error: Error | undefined, channel: import("ssh2").ClientChannel): void => {
      if (error) {
        reject(error);
        return;
      }
      const parts = { stdout: [] as Buffer[], stderr: [] as Buffer[], output: [] as Buffer[] };
      const keep = (stream: "stdout" | "stderr") => (data: Buffer) => {
        parts[stream].push(data);
        parts.output.push(data);
        options.onData?.(stream, data);
      };
      let code: number | undefined;
      let signal: string | undefined;
      channel.on("data", keep("stdout"));
      channel.stderr.on("data", keep("stderr"));
      channel.on("exit", (status: number | null, name?: string) => {
        code = status ?? undefined;
        signal = name;
      });
      channel.on("error", reject);
      channel.on("close", () => {
        const text = (name: keyof typeof parts): string => Buffer.concat(parts[name]).toString();
        resolve({ code, signal, stdout: text("stdout"), stderr: text("stderr"), output: text("output") });
      });
      channel.end(options.stdin ?? "");
    };
    // The connection may break before the command is started: the callback then never comes.
    const broke = (): void => reject(new Error("the connection broke while the command was started"));
    client.once("close", broke);
    client.exec(command, { env: options.env }, (error, channel) => {
      client.removeListener("close", broke);
      started(error, channel);
    });
  });
}
