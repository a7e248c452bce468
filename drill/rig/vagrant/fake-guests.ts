import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server as NetServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Server, type ServerChannel, utils } from "ssh2";
import { addressLines, type FakeHypervisor, type FakeMachine } from "./fake-hypervisor";

const reachable = (machine: FakeMachine, address: string): boolean =>
  machine.addresses.some((each) => each.startsWith(`${address}/`)) &&
  machine.state === "running" &&
  machine.network;

/** Runs a script that the user gives to `sh`, in a home with the keys that are let in; gives the keys that are let in then. */
function keysAfter(script: string, authorized: readonly string[]): { code: number; authorized: string[] } {
  const home = mkdtempSync(join(tmpdir(), "fake-guest-"));
  try {
    const file = join(home, ".ssh", "authorized_keys");
    mkdirSync(join(home, ".ssh"));
    writeFileSync(file, authorized.map((line) => `${line}\n`).join(""));
    const env = { PATH: process.env.PATH, HOME: home };
    const { status } = spawnSync("/bin/sh", [], { input: script, env });
    return { code: status ?? 1, authorized: readFileSync(file, "utf8").trimEnd().split("\n") };
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** What a machine says to a command; undefined: it is no command of whoever answers. */
export type Answers = (machine: FakeMachine, command: string) => string | undefined;

/** Runs what is given to `sh`; everything else is answered, unless otherwise, as if it asked for addresses. */
function execute(
  machine: FakeMachine,
  command: string,
  channel: ServerChannel,
  save: (machine: FakeMachine) => Promise<void>,
  answers: Answers,
): void {
  const end = (code: number): void => {
    channel.exit(code);
    channel.end();
  };
  if (command !== "sh") {
    channel.write(answers(machine, command) ?? addressLines(machine));
    end(0);
    return;
  }
  let script = "";
  channel.setEncoding("utf8").on("data", (text: string) => {
    script += text;
  });
  channel.on("end", () => {
    const { code, authorized } = keysAfter(script, machine.authorized);
    void save({ ...machine, authorized }).then(() => end(code));
  });
}

function serve(
  machine: FakeMachine,
  socket: Socket,
  save: (machine: FakeMachine) => Promise<void>,
  answers: Answers,
): void {
  const server = new Server({ hostKeys: [machine.hostKey] }, (client) => {
    client.on("error", () => {
      // The other side went away.
    });
    client.on("authentication", (context) => {
      const known =
        context.method === "publickey" &&
        machine.authorized.some((line) => {
          const key = utils.parseKey(line);
          return (
            !(key instanceof Error) &&
            key.getPublicSSH().equals(context.key.data) &&
            (!context.signature || key.verify(context.blob ?? Buffer.alloc(0), context.signature) === true)
          );
        });
      if (known) context.accept();
      else context.reject(["publickey"]);
    });
    client.on("session", (accept) => {
      accept().on("exec", (acceptExec, _reject, { command }) =>
        execute(machine, command, acceptExec(), save, answers),
      );
    });
  });
  server.injectSocket(socket);
}

/** The SSH servers of the fake machines, on addresses of the loopback interface. */
export class FakeGuests {
  private readonly servers: NetServer[] = [];
  private readonly forwarded = new Map<number, NetServer>();
  private watch: NodeJS.Timeout | undefined;

  /** Called when the keys of a machine were changed over SSH, before the one who did it hears of it. */
  afterKeys: () => void | Promise<void> = () => {};

  constructor(
    private readonly hypervisor: FakeHypervisor,
    private readonly answers: Answers = () => undefined,
  ) {}

  /**
   * From now on the machine with this address, when it runs and has its network, answers on the port given back.
   *
   * @param port default: any that is free
   */
  async listen(address: string, port = 0): Promise<number> {
    const server = this.serverFor((machine) => reachable(machine, address));
    this.servers.push(server);
    await new Promise<void>((resolve, reject) => {
      server.on("error", reject);
      server.listen(port, address, resolve);
    });
    const bound = server.address();
    if (bound === null || typeof bound === "string") throw new Error("no port");
    return bound.port;
  }

  /** From now on running machines answer on the ports of this host that are forwarded to their SSH servers. */
  followPorts(): void {
    this.watch ??= setInterval(() => {
      const wanted = new Set(
        this.hypervisor
          .machines()
          .flatMap(({ state, sshHost }) => (state === "running" && sshHost ? [sshHost] : [])),
      );
      for (const [port, server] of this.forwarded)
        if (!wanted.has(port)) {
          server.close();
          this.forwarded.delete(port);
        }
      for (const port of wanted) {
        if (this.forwarded.has(port)) continue;
        const server = this.serverFor((machine) => machine.sshHost === port && machine.state === "running");
        // Somebody looks just now whether it is free: next time.
        server.on("error", () => this.forwarded.delete(port));
        this.forwarded.set(port, server.listen(port, "127.0.0.1"));
      }
    }, 50);
  }

  private serverFor(isMeant: (machine: FakeMachine) => boolean): NetServer {
    return createServer((socket) => {
      socket.on("error", () => {
        // The other side went away.
      });
      const machine = this.hypervisor.machines().find(isMeant);
      const save = async (changed: FakeMachine): Promise<void> => {
        this.hypervisor.save(changed);
        await this.afterKeys();
      };
      if (machine) serve(machine, socket, save, this.answers);
      else socket.destroy();
    });
  }

  async close(): Promise<void> {
    clearInterval(this.watch);
    const all = [...this.servers, ...this.forwarded.values()];
    await Promise.all(all.map((server) => new Promise((resolve) => server.close(resolve))));
  }
}
