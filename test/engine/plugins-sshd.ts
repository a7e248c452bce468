import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AuthContext, type Connection, Server, type Session, utils } from "ssh2";
import { newKeyPair } from "../../providers/vagrant/keys";

export interface Sshd {
  port: number;
  user: string;
  /** The key that it lets in. */
  privateKey: string;
  /** `TYPE BASE64` */
  hostKey: string;
  /** Commands run here; the key and known_hosts files lie here too. */
  home: string;
  keyFile: string;
  knownHostsFile: string;
  /** Connections that were made so far. */
  logins: number;
  /** Commands that were asked for so far. */
  commands: string[];
  /** Most channels that were open on one connection at the same time. */
  mostChannels: number;
  /** Cuts all connections. */
  cut(): void;
  close(): Promise<void>;
}

export interface SshdOptions {
  /** Names of variables that clients may set (sshd's AcceptEnv). */
  acceptEnv?: string[];
  /** A Unix socket that `docker system dial-stdio` leads to. */
  docker?: string;
  password?: string;
}

function end(child: ChildProcess): void {
  try {
    if (child.pid) process.kill(-child.pid, "SIGKILL");
  } catch {
    // It has ended.
  }
}

/** An SSH server on the loopback that runs commands with /bin/sh in a temporary folder. */
export async function startSshd(options: SshdOptions = {}): Promise<Sshd> {
  // Not ssh2's own generator, see newKeyPair.
  const host = newKeyPair("host");
  const client = newKeyPair("client");
  const allowed = utils.parseKey(client.publicKey);
  if (allowed instanceof Error) throw allowed;
  const home = mkdtempSync(join(tmpdir(), "sshd-"));
  const open = new Set<Connection>();
  const children = new Set<ChildProcess>();
  const sshd: Sshd = {
    port: 0,
    user: "vagrant",
    privateKey: client.privateKey,
    hostKey: host.publicKey.split(" ").slice(0, 2).join(" "),
    home,
    keyFile: join(home, "key"),
    knownHostsFile: join(home, "known_hosts"),
    logins: 0,
    commands: [],
    mostChannels: 0,
    cut: () => {
      for (const connection of open) connection.end();
    },
    close: async () => {
      sshd.cut();
      for (const child of children) end(child);
      await new Promise<void>((resolve) => server.close(() => resolve()));
      rmSync(home, { recursive: true, force: true });
    },
  };

  const mayEnter = (context: AuthContext): boolean => {
    if (context.username !== sshd.user) return false;
    if (context.method === "password") {
      return options.password !== undefined && context.password === options.password;
    }
    if (context.method !== "publickey" || !context.key.data.equals(allowed.getPublicSSH())) return false;
    // Without a signature it only asks whether the key would do.
    const { signature, blob } = context;
    return !signature || !blob || allowed.verify(blob, signature, context.hashAlgo) === true;
  };
  const authenticate = (context: AuthContext): void => {
    if (mayEnter(context)) context.accept();
    else context.reject(["publickey", "password"]);
  };

  const serveSession = (session: Session, socket: Socket, done: () => void): void => {
    const env: Record<string, string> = {};
    session.on(
      "env",
      (accept, reject, info: { key?: string; name?: string; val?: string; value?: string }) => {
        const name = info.key ?? info.name ?? "";
        if (!options.acceptEnv?.includes(name)) return reject?.();
        env[name] = info.val ?? info.value ?? "";
        accept?.();
      },
    );
    session.on("close", done);
    session.on("exec", (accept, _reject, { command }) => {
      sshd.commands.push(command);
      // All that is said at once arrives at once: the worst case for a client.
      socket.cork();
      process.nextTick(() => socket.uncork());
      const channel = accept();
      channel.on("error", () => {});
      if (command === "docker system dial-stdio" && options.docker) {
        if (!existsSync(options.docker)) {
          channel.stderr.write(`Cannot connect to the Docker daemon at ${options.docker}`);
          channel.exit(1);
          channel.end();
          return;
        }
        const engine = connect(options.docker);
        engine.pipe(channel);
        channel.pipe(engine);
        channel.on("close", () => engine.destroy());
        engine.on("error", () => channel.end());
        return;
      }
      const child = spawn("/bin/sh", ["-c", command], {
        cwd: home,
        env: { PATH: process.env.PATH, HOME: home, ...env },
        // Its own process group: what the shell started ends with it.
        detached: true,
      });
      children.add(child);
      child.stdin.on("error", () => {});
      channel.pipe(child.stdin);
      child.stdout.on("data", (data) => channel.write(data));
      child.stderr.on("data", (data) => channel.stderr.write(data));
      channel.on("close", () => end(child));
      child.on("close", (code, signal) => {
        children.delete(child);
        if (signal) channel.exit(signal.replace(/^SIG/, ""), false, "");
        else channel.exit(code ?? 1);
        channel.end();
      });
    });
  };

  const server = new Server({ hostKeys: [host.privateKey] }, (connection) => {
    open.add(connection);
    const { _sock: socket } = connection as Connection & { _sock: Socket };
    let channels = 0;
    connection.on("error", () => {});
    connection.on("close", () => open.delete(connection));
    connection.on("authentication", authenticate);
    connection.on("ready", () => {
      sshd.logins++;
      connection.on("session", (accept) => {
        sshd.mostChannels = Math.max(sshd.mostChannels, ++channels);
        serveSession(accept(), socket, () => channels--);
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  sshd.port = (server.address() as { port: number }).port;
  writeFileSync(sshd.keyFile, sshd.privateKey, { mode: 0o600 });
  writeFileSync(sshd.knownHostsFile, `[127.0.0.1]:${sshd.port} ${sshd.hostKey}\n`);
  return sshd;
}

/** A port of the loopback on which nobody listens. */
export async function unusedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/**
 * A port on which new connections get no answer at all, as on a machine that is off: a stopped process listens
 * there, with a queue that is full.
 */
export async function deadPort(): Promise<{ port: number; close(): void }> {
  const program =
    'require("node:net").createServer().listen({port: 0, host: "127.0.0.1", backlog: 1}, function () { console.log(this.address().port) })';
  const child = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
  const port = Number(await new Promise((resolve) => child.stdout.once("data", resolve)));
  child.kill("SIGSTOP");
  const queued: Socket[] = [];
  for (let index = 0; index < 4; index++) {
    queued.push(connect({ port, host: "127.0.0.1" }).on("error", () => {}));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return {
    port,
    close: () => {
      for (const socket of queued) socket.destroy();
      child.kill("SIGKILL");
    },
  };
}
