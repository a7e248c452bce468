import { createServer, type Server as NetServer, type Socket } from "node:net";
import { Server, utils } from "ssh2";
import { addressLines, type FakeHypervisor, type FakeMachine } from "./fake-hypervisor";

const reachable = (machine: FakeMachine, address: string): boolean =>
  machine.addresses.some((each) => each.startsWith(`${address}/`)) &&
  machine.state === "running" &&
  machine.network;

function serve(machine: FakeMachine, socket: Socket): void {
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
      accept().on("exec", (acceptExec) => {
        const channel = acceptExec();
        channel.write(addressLines(machine));
        channel.exit(0);
        channel.end();
      });
    });
  });
  server.injectSocket(socket);
}

/** The SSH servers of the fake machines, on addresses of the loopback interface. */
export class FakeGuests {
  private readonly servers: NetServer[] = [];
  private readonly forwarded = new Map<number, NetServer>();
  private watch: NodeJS.Timeout | undefined;

  constructor(private readonly hypervisor: FakeHypervisor) {}

  /** From now on the machine with this address, when it runs and has its network, answers on the port given. */
  async listen(address: string): Promise<number> {
    const server = this.serverFor((machine) => reachable(machine, address));
    this.servers.push(server);
    await new Promise<void>((resolve, reject) => {
      server.on("error", reject);
      server.listen(0, address, resolve);
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
      if (machine) serve(machine, socket);
      else socket.destroy();
    });
  }

  async close(): Promise<void> {
    clearInterval(this.watch);
    const all = [...this.servers, ...this.forwarded.values()];
    await Promise.all(all.map((server) => new Promise((resolve) => server.close(resolve))));
  }
}
