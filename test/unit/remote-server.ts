import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server as NetServer, type Socket } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { type ParsedKey, Server, type ServerChannel, utils } from "ssh2";
import type { SshEndpoint } from "../../providers/remote/endpoint";
import { knownHostsLine } from "../../providers/remote/known-hosts";
import { newKeyPair } from "../../providers/vagrant/keys";

/** User and group of this process: what files that tests write can be owned by without being root. */
export function ownOwner(): string {
  const { uid, gid } = userInfo();
  return `${uid}:${gid}`;
}

/**
 * An SSH server on 127.0.0.1 that runs commands on this machine, as sshd does: through a shell, with a `sudo`
 * that asks for nothing. Tests use it in place of a node.
 */
export class TestServer {
  /** A folder of the server's own; removed when it stops. */
  readonly directory = mkdtempSync(join(tmpdir(), "ha-rancher-ssh-"));
  /** Command lines that were run, as they arrived. */
  readonly commands: string[] = [];
  logins = 0;
  /** The most commands that ran at once. */
  busiest = 0;
  /** Answers each new session so. */
  sessions: "accept" | "refuse" | "refuse once" | "ignore" | "break" = "accept";
  /** The user's home: with one, the keys in its `.ssh/authorized_keys` are let in, and no others. */
  home: string | undefined;
  private running = 0;
  private readonly sockets = new Set<Socket>();
  // Not ssh2's own generator, see newKeyPair.
  private readonly hostKeys = newKeyPair("host");
  private readonly userKeys = newKeyPair("user");
  private server: NetServer | undefined;
  private port = 0;

  constructor(readonly user = "vagrant") {
    const bin = join(this.directory, "bin");
    mkdirSync(bin);
    writeFileSync(join(bin, "sudo"), '#!/bin/sh\n[ "$1" = -n ] || exit 1\nshift\nexec "$@"\n');
    chmodSync(join(bin, "sudo"), 0o755);
  }

  get endpoint(): SshEndpoint {
    const [type, base64] = this.hostKeys.publicKey.split(" ");
    return {
      host: "127.0.0.1",
      port: this.port,
      user: this.user,
      privateKey: this.userKeys.privateKey,
      keyFile: this.path("key"),
      hostKey: `${type} ${base64}`,
      knownHostsFile: this.path("known_hosts"),
    };
  }

  /** A path below the server's folder. */
  path(name: string): string {
    return join(this.directory, name);
  }

  /** The keys that are let in now. */
  private authorized(): ParsedKey[] {
    const { home } = this;
    const text = home ? readFileSync(join(home, ".ssh", "authorized_keys"), "utf8") : this.userKeys.publicKey;
    const lines = text.split("\n").filter((line) => line !== "");
    return lines.flatMap((line) => {
      const key = utils.parseKey(line);
      return key instanceof Error ? [] : [key];
    });
  }

  async start(): Promise<this> {
    const ssh = new Server({ hostKeys: [this.hostKeys.privateKey] }, (client) => {
      client.on("error", () => {});
      client.on("authentication", (context) => {
        const userKey =
          context.method === "publickey" &&
          this.authorized().find((key) => context.key.data.equals(key.getPublicSSH()));
        if (context.username !== this.user || context.method !== "publickey" || !userKey)
          return context.reject(["publickey"]);
        if (
          context.signature &&
          context.blob &&
          !userKey.verify(context.blob, context.signature, context.hashAlgo)
        )
          return context.reject();
        context.accept();
      });
      client.on("ready", () => {
        this.logins++;
        client.on("session", (accept, reject) => {
          if (this.sessions === "refuse") return reject();
          if (this.sessions === "refuse once") {
            this.sessions = "accept";
            return reject();
          }
          if (this.sessions === "ignore") return;
          if (this.sessions === "break") return this.dropAll();
          const session = accept();
          session.on("exec", (accepted, _reject, { command }) => this.execute(accepted(), command));
        });
      });
    });
    const server = createServer((socket) => {
      this.sockets.add(socket);
      socket.on("close", () => this.sockets.delete(socket));
      ssh.injectSocket(socket);
    });
    await new Promise<void>((resolve) => server.listen(this.port, "127.0.0.1", resolve));
    this.port = (server.address() as AddressInfo).port;
    this.server = server;
    // For OpenSSH's client.
    writeFileSync(this.endpoint.keyFile, this.userKeys.privateKey, { mode: 0o600 });
    writeFileSync(
      this.endpoint.knownHostsFile,
      knownHostsLine("127.0.0.1", this.port, this.endpoint.hostKey),
    );
    return this;
  }

  private execute(stream: ServerChannel, command: string): void {
    this.commands.push(command);
    this.busiest = Math.max(this.busiest, ++this.running);
    const child = spawn("/bin/sh", ["-c", command], {
      cwd: this.directory,
      env: {
        ...process.env,
        PATH: `${join(this.directory, "bin")}:${process.env.PATH}`,
        ...(this.home && { HOME: this.home }),
      },
    });
    child.stdin.on("error", () => {});
    stream.pipe(child.stdin);
    child.stdout.pipe(stream, { end: false });
    child.stderr.pipe(stream.stderr, { end: false });
    // As sshd does: what writes to a session that is closed gets SIGPIPE.
    stream.on("close", () => {
      child.stdout.destroy();
      child.stderr.destroy();
    });
    child.on("close", (code, signal) => {
      this.running--;
      if (signal) stream.exit(signal);
      else stream.exit(code ?? 1);
      stream.end();
    });
  }

  /** Breaks all connections off, without a goodbye. */
  dropAll(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  /** Stops listening and breaks all connections off; the port stays the same for another `start`. */
  async pause(): Promise<void> {
    const server = this.server;
    this.server = undefined;
    this.dropAll();
    if (server) await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  async stop(): Promise<void> {
    await this.pause();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
