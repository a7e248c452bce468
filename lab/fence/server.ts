import { spawn } from "node:child_process";
import { join } from "node:path";
import { Server, type ServerChannel, utils } from "ssh2";
import { packageRoot } from "../../local/root";

/*
 * The lab's stand-in for an sshd on a machine with libvirt, which fence_virsh logs in to: one key, and for it one program,
 * whatever the client asks for. It runs in the lab's network, as a process of its own.
 */

/** What the process is told on its standard input; it ends with that. */
export interface FenceServerOrder {
  address: string;
  port: number;
  /** Private keys in OpenSSH's form are secrets: they never stand in an argument. */
  hostKey: string;
  /** The public key that is let in, `TYPE BASE64`. */
  clientKey: string;
  /** libvirt's, and the domains that the key is for. */
  uri: string;
  domains: string[];
}

/** Serves one session: the program that lab/fence/virsh-only is. */
function serve(channel: ServerChannel, { uri, domains }: FenceServerOrder): void {
  const child = spawn(join(packageRoot, "lab", "fence", "virsh-only"), [uri, ...domains]);
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
