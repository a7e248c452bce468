import { createHash } from "node:crypto";
import { connect, type Socket } from "node:net";
import type { NodeSSH } from "node-ssh";
import type { ServerHostKeyAlgorithm } from "ssh2";
import type { SshEndpoint } from "./endpoint";

/** Why a node could not be used over SSH. */
export type SshFailure =
  /** No SSH server answers at the address; no command was run. */
  | "unreachable"
  /** The server answers, but refuses the login, or has another host key than the pinned one. */
  | "refused"
  /** The call's time was up while the command was running. */
  | "timeout"
  /** The connection broke while a command was running; the command's result is not known. */
  | "lost";

/** A failure of the connection; a command that ran and failed does not count. */
export class SshError extends Error {
  constructor(
    readonly failure: SshFailure,
    message: string,
    /** Whether another attempt within the same call may succeed. */
    readonly passing = false,
  ) {
    super(message);
    this.name = "SshError";
  }
}

/** An authenticated connection, with its socket, so that the socket does not have to keep the process alive. */
export interface Dialled {
  ssh: NodeSSH;
  socket: Socket;
}

/**
 * Milliseconds for the TCP connection: a lost first packet is repeated after 1 and 3 s. The handshake has more time,
 * since a slow node has to compute for it.
 */
const connectLimit = 8_000;
const handshakeLimit = 30_000;

/**
 * TCP keepalive, like ssh's ServerAliveInterval 5 and ServerAliveCountMax 3. Node repeats the probe every second, ten
 * times (libuv's constants), so a silent node is given up after 15 s. The kernel sends the probes, even while the
 * connection is idle. The SSH library's own keepalive is a timer that would keep the process alive.
 */
const keepaliveDelay = 5_000;

/** The host key algorithms under which a server can offer a pinned key of this type. */
function serverHostKeyTypes(type: string): ServerHostKeyAlgorithm[] {
  return type === "ssh-rsa" ? ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"] : [type as ServerHostKeyAlgorithm];
}

const fingerprint = (key: Buffer): string =>
  `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`;

/** The name of an endpoint in messages. */
export const shownEndpoint = ({ host, port }: SshEndpoint): string =>
  `${host}${port === 22 ? "" : `:${port}`}`;

function wrongHostKey(endpoint: SshEndpoint, pinned: Buffer, presented?: Buffer): SshError {
  const where = shownEndpoint(endpoint);
  return new SshError(
    "refused",
    [
      `${where} is not the machine that was pinned: it ${
        presented ? `presents the host key ${fingerprint(presented)}` : "has no host key of the pinned type"
      }, \`hostKey\` is ${fingerprint(pinned)}.`,
      "Either the machine was reinstalled, or another one answers at its address; nothing was sent to it.",
      `Compare with \`ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub\` on the machine's own console. If it is the right one, put its new key into \`hostKey\` (\`ssh-keyscan ${endpoint.host}\` shows it); a machine made with Vagrant is replaced instead: destroy it and run \`up\` again.`,
    ].join(" "),
  );
}

/** Translates an error of the socket or the SSH library. */
function explain(error: unknown, endpoint: SshEndpoint): SshError {
  if (error instanceof SshError) return error;
  const where = shownEndpoint(endpoint);
  const { code, level, message } = error as NodeJS.ErrnoException & { level?: string };
  if (code === "ECONNREFUSED")
    return new SshError(
      "unreachable",
      `${where} refuses connections: no SSH server runs there. If the machine is starting, try again; else start sshd on it.`,
      true,
    );
  if (code === "ECONNRESET" || code === "EPIPE" || /before handshake|No response from server/.test(message))
    return new SshError(
      "unreachable",
      `${where} broke the connection off before the login: its SSH server is starting, stopping or overloaded. Try again.`,
      true,
    );
  if (level === "client-authentication")
    return new SshError(
      "refused",
      `${where} does not let \`user\` ${endpoint.user} in with the given \`privateKey\`: add its public key to ~${endpoint.user}/.ssh/authorized_keys there.`,
    );
  if (level === "client-timeout")
    return new SshError(
      "unreachable",
      `${where} accepted the connection, and did not finish the SSH handshake within ${handshakeLimit / 1000} s: it hangs or is overloaded.`,
    );
  if (code?.startsWith("E"))
    return new SshError(
      "unreachable",
      `${where} cannot be reached (${code}): is the machine on, and this one in the same network?`,
    );
  return new SshError("refused", `${where}: the SSH login failed: ${message}`);
}

/**
 * Tries once to connect and log in.
 *
 * @param signal aborts the attempt
 * @throws SshError
 */
export async function dial(endpoint: SshEndpoint, signal: AbortSignal): Promise<Dialled> {
  const [type = "", base64 = ""] = endpoint.hostKey.trim().split(/\s+/);
  const pinned = Buffer.from(base64, "base64");
  // Loaded here: a program that only declares resources never connects.
  const { NodeSSH } = await import("node-ssh");
  const ssh = new NodeSSH();
  const socket = connect({
    host: endpoint.host,
    port: endpoint.port,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: keepaliveDelay,
  });
  // If the attempt is aborted before the library listens, an "error" would end the process.
  socket.on("error", () => {});
  let ourReason: SshError | undefined;
  const giveUp = (reason: SshError): void => {
    ourReason ??= reason;
    socket.destroy(reason);
  };
  const slow = setTimeout(() => {
    const where = shownEndpoint(endpoint);
    giveUp(
      new SshError(
        "unreachable",
        `${where} does not answer within ${connectLimit / 1000} s: the machine is off, or not in the same network as this one, or a firewall drops port ${endpoint.port}.`,
      ),
    );
  }, connectLimit);
  socket.once("connect", () => clearTimeout(slow));
  const abort = (): void => giveUp(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  try {
    const connecting = ssh.connect({
      sock: socket,
      // It is not used for connecting, but node-ssh's types and messages need it.
      host: endpoint.host,
      username: endpoint.user,
      privateKey: endpoint.privateKey,
      readyTimeout: handshakeLimit,
      keepaliveInterval: 0,
      algorithms: { serverHostKey: serverHostKeyTypes(type) },
      hostVerifier: (key: Buffer): boolean => {
        const right = key.equals(pinned);
        if (!right) ourReason ??= wrongHostKey(endpoint, pinned, key);
        return right;
      },
    });
    // node-ssh stops listening once it is connected, and an unhandled "error" would end the process.
    ssh.connection?.setMaxListeners(0).on("error", () => {});
    await connecting;
    return { ssh, socket };
  } catch (error) {
    socket.destroy();
    if (/no matching host key format/.test(String(error))) throw wrongHostKey(endpoint, pinned);
    throw ourReason ?? explain(error, endpoint);
  } finally {
    clearTimeout(slow);
    signal.removeEventListener("abort", abort);
  }
}
