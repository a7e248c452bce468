import { createServer, type Server as NetServer, type Socket } from "node:net";
import { Server, utils } from "ssh2";
import { addressLines, type FakeHypervisor, type FakeMachine } from "./fake-hypervisor";

const reachable = (machine: FakeMachine, address: string): boolean =>
  machine.address.startsWith(`${address}/`) && machine.state === "running" && machine.network;

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

  constructor(private readonly hypervisor: FakeHypervisor) {}

  /** From now on the machine with this address, when it runs and has its network, answers on the port given. */
  async listen(address: string): Promise<number> {
    const server = createServer((socket) => {
      socket.on("error", () => {
        // The other side went away.
      });
      const machine = this.hypervisor.machines().find((each) => reachable(each, address));
      if (machine) serve(machine, socket);
      else socket.destroy();
    });
    this.servers.push(server);
    await new Promise<void>((resolve, reject) => {
      server.on("error", reject);
      server.listen(0, address, resolve);
    });
    const bound = server.address();
    if (bound === null || typeof bound === "string") throw new Error("no port");
    return bound.port;
  }

  async close(): Promise<void> {
    await Promise.all(this.servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }
}
