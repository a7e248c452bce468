import { connect, createServer, type ListenOptions, type NetConnectOpts, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

/** A connection to where the relay leads. */
type Reach = (to: NetConnectOpts) => Socket;

const plainly: Reach = (to) => connect({ ...to, allowHalfOpen: true });

/** Where a server listens; a descriptor: of a socket that listens already. */
type Place = ListenOptions | { fd: number };

/** Speaks TLS there for somebody who does not. Whose certificate that is, is not looked at. */
export const overTls: Reach = (to) =>
  connectTls({ ...to, rejectUnauthorized: false, servername: "localhost", ALPNProtocols: ["http/1.1"] });

/**
 * Relays each connection to `from` to a new connection to `to`, in both directions.
 *
 * @returns once it listens: a function that ends the relay and all connections
 */
export async function relay(from: Place, to: NetConnectOpts, reach = plainly): Promise<() => void> {
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = reach(to);
    for (const socket of [near, far]) open.add(socket.once("close", () => open.delete(socket)));
    const drop = (socket: Socket) => (): void => void socket.destroy();
    near.on("error", drop(far)).on("close", drop(far));
    far.on("error", drop(near)).on("close", drop(near));
    near.pipe(far).pipe(near);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(from, resolve);
  });
  return () => {
    server.close();
    for (const socket of open) socket.destroy();
  };
}

// This is also a program, for the end in another network namespace: SOCKET HOST PORT. It reports when it listens, and
// ends // when its input ends: with the process that started it.
if (require.main === module) {
  const [path = "", host = "", port = ""] = process.argv.slice(2);
  void relay({ path }, { host, port: Number(port) }).then(() => process.stdout.write("ready\n"));
  process.stdin.on("end", () => process.exit(0)).resume();
  // Ctrl-C is handled by the process that started it.
  process.on("SIGINT", () => {});
}
