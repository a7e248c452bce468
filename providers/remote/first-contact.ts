import type { ServerHostKeyAlgorithm } from "ssh2";
import { SshError } from "./dial";

/**
 * The kinds of host keys that are pinned. No RSA: Pulumi's command plugin asks for such a key by its old name alone, with
 * SHA-1 (1.2.1), which no server with OpenSSH 8.8 or later offers.
 */
export const pinnableKeys: ServerHostKeyAlgorithm[] = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
];

/** What to do about a server that has no key of these kinds, given an error of the SSH library; undefined: it is another error. */
export const withoutPinnableKey = (message: string): string | undefined =>
  /no matching host key format/.test(message)
    ? "it has no host key of the kinds ed25519 and ecdsa, and others cannot be pinned: run `ssh-keygen -A` as root there, and restart its sshd"
    : undefined;

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
      .on("error", ({ message }) => {
        const keyless = withoutPinnableKey(message);
        if (keyless) reject(new SshError("refused", `${where}: ${keyless}`));
        else fail(message);
      })
      .on("close", () => {
        clearTimeout(timer);
        fail("the connection was closed");
      })
      .connect({
        host,
        port,
        username: "nobody",
        readyTimeout: timeout,
        algorithms: { serverHostKey: pinnableKeys },
        hostVerifier: (blob: Buffer) => {
          resolve(hostKeyLine(blob));
          return false;
        },
      });
  });
}
