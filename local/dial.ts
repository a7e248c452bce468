import { connect } from "node:net";

/** Milliseconds that a port may take to accept. */
const limit = 1_000;

async function dial(target: string): Promise<boolean> {
  const at = target.lastIndexOf(":");
  const socket = connect({ host: target.slice(0, at), port: Number(target.slice(at + 1)) });
  return await new Promise<boolean>((resolve) => {
    const end = (accepted: boolean) => (): void => {
      socket.destroy();
      resolve(accepted);
    };
    socket.setTimeout(limit, end(false)).on("connect", end(true)).on("error", end(false));
  });
}

/** Whether each of some `ADDRESS:PORT` accepts a TCP connection within a second; all are tried at once. */
export const dials = (targets: string[]): Promise<boolean[]> => Promise.all(targets.map(dial));

// This is also a program, to be run in another network namespace: a process cannot change its own.
if (require.main === module) {
  void dials(process.argv.slice(2)).then((answers) => process.stdout.write(JSON.stringify(answers)));
}
