import { SshError } from "./dial";

/** Converts a key from its wire form, which begins with its type, to `ssh-ed25519 AAAA...`. */
export function hostKeyLine(blob: Buffer): string {
  const type = blob.toString("ascii", 4, 4 + blob.readUInt32BE(0));
  return `${type} ${blob.toString("base64")}`;
}

/**
 * Reads the host key of an SSH server at the first contact, to pin it. The connection ends before the login.
 *
 * @param timeout milliseconds
 * @throws SshError if no server answers
 */
export async function presentedHostKey(host: string, port: number, timeout: number): Promise<string> {
  const { Client } = await import("ssh2");
  const client = new Client();
  const where = `${host}${port === 22 ? "" : `:${port}`}`;
  return await new Promise<string>((resolve, reject) => {
    const fail = (why: string): void =>
      reject(
        new SshError(
          "unreachable",
          `${where} cannot be reached over SSH (${why}): is the host on, is sshd running there, and is this machine let through?`,
        ),
      );
    // The library's own limit does not include the TCP connection.
    const timer = setTimeout(() => {
      fail(`no answer within ${timeout / 1000} s`);
      client.destroy();
    }, timeout);
    client
      .on("error", (error) => fail(error.message))
      .on("close", () => {
        clearTimeout(timer);
        fail("the connection was closed");
      })
      .connect({
        host,
        port,
        username: "nobody",
        readyTimeout: timeout,
        hostVerifier: (blob: Buffer) => {
          resolve(hostKeyLine(blob));
          return false;
        },
      });
  });
}
