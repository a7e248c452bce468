import { spawn } from "node:child_process";
import { join } from "node:path";
import { Server, type ServerChannel, utils } from "ssh2";
import { passedOn } from "../../local/child-environment";
import { packageRoot } from "../../local/root";

/*
 * The lab's stand-in for the sshd of a machine with libvirt, to which fence_virsh logs in. It accepts one key and runs
 * one program for it, whatever the client requests. It is a separate process in the lab's network.
 */

/** The standard input of the process, which ends when its input ends. */
export interface FenceServerOrder {
  address: string;
  port: number;
  /** The private key in OpenSSH's form: a secret, which is never an argument. */
  hostKey: string;
  /** The accepted public key, `TYPE BASE64`. */
  clientKey: string;
  /** libvirt's URI, and the domains that the key may control. */
  uri: string;
  domains: string[];
}

/** Serves one session with the program lab/fence/virsh-only. */
function serve(channel: ServerChannel, { uri, domains }: FenceServerOrder): void {
  const child = spawn(join(packageRoot, "lab", "fence", "virsh-only"), [uri, ...domains], {
    env: passedOn(process.env),
  });
  channel.pipe(child.stdin);
  child.stdin.on("error", () => undefined);
  child.stdout.pipe(channel, { end: false });
  child.stderr.pipe(channel.stderr, { end: false });
  channel.on("close", () => child.stdin.end());
  child.on("close", (code) => {
    channel.exit(code ?? 1);
    channel.end();
  });
}

function listen(order: FenceServerOrder): void {
  const allowed = utils.parseKey(order.clientKey);
  if (allowed instanceof Error) throw allowed;
  const server = new Server({ hostKeys: [order.hostKey] }, (client) => {
    client.on("error", () => undefined);
    client.on("authentication", (context) => {
      const isOurs =
        context.method === "publickey" &&
        context.key.data.equals(allowed.getPublicSSH()) &&
        (!context.signature ||
          allowed.verify(context.blob as Buffer, context.signature, context.hashAlgo) === true);
      if (isOurs) context.accept();
      else context.reject(["publickey"]);
    });
    client.on("session", (accept) => {
      const session = accept();
      session.on("pty", (acceptPty) => acceptPty?.());
      session.on("exec", (acceptExec) => serve(acceptExec(), order));
      session.on("shell", (acceptShell) => serve(acceptShell(), order));
    });
  });
  server.listen(order.port, order.address, () => process.stdout.write("ready\n"));
}

if (require.main === module) {
  let text = "";
  process.stdin.setEncoding("utf8").on("data", (part: string) => {
    text += part;
    if (!text.endsWith("\n")) return;
    listen(JSON.parse(text) as FenceServerOrder);
  });
  process.stdin.on("end", () => process.exit(0));
}
