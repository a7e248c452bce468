import type { ClientErrorExtensions } from "ssh2";
import type { SshEndpoint } from "../remote/endpoint";
import { hostKeyLine } from "../remote/first-contact";

/** What the first or a later contact with a machine found. */
export interface Contact {
  /** Type and base64 of the key that the machine showed. */
  hostKey: string;
  /** The interface that carries the machine's static address; empty if it has none. */
  interface: string;
}

/** What the machine must have for its network to be whole. */
export interface Expected {
  /** Static addresses with their prefixes; the first is the one that the machine is reached at. */
  addresses: readonly string[];
  /** How many interfaces have an address, at least: static or not. */
  interfaces: number;
}

/** The machine has another host key than the pinned one, or does not know our key: waiting does not help. */
class Refused extends Error {}

/** It answers, and its network is not whole yet: an address by DHCP may still come. */
class Unfinished extends Error {}

/** One connection attempt; TCG guests take seconds for a handshake. */
const attemptTime = 20_000;
const pause = 1_000;

const measureAddresses = "ip -4 -o addr show";

/**
 * The interface that has an address, from `ip -4 -o addr show`.
 *
 * @param address with prefix, such as 192.168.56.11/24
 */
export function interfaceOf(output: string, address: string): string | undefined {
  for (const line of output.split("\n")) {
    const [, name, found] = /^\d+:\s+(\S+?)(?:@\S+)?\s+inet\s+(\S+)/.exec(line) ?? [];
    if (found === address) return name;
  }
  return undefined;
}

/**
 * What of an expected network is missing, from `ip -4 -o addr show`; undefined if nothing is.
 */
export function missingNetwork(output: string, expected: Expected): string | undefined {
  const absent = expected.addresses.filter((address) => interfaceOf(output, address) === undefined);
  if (absent.length > 0)
    return `none of its interfaces has the address ${absent.join(" or ")} of \`networks\``;
  const names = new Set([...output.matchAll(/^\d+:\s+(\S+?)(?:@\S+)?\s+inet\s/gm)].map(([, name]) => name));
  names.delete("lo");
  return names.size < expected.interfaces
    ? `only ${names.size} of its interfaces have an address, and \`networks\` has ${expected.interfaces}`
    : undefined;
}

/** Logs in and runs one command. Pins nothing by itself: `endpoint.hostKey` may be empty, for the first contact. */
async function attempt(endpoint: SshEndpoint, command: string): Promise<{ hostKey: string; stdout: string }> {
  // Loaded here: a preview without changes never needs it.
  const { Client } = await import("ssh2");
  const client = new Client();
  let shown = "";
  let mismatch = false;
  try {
    return await new Promise((resolve, reject) => {
      client.on("ready", () =>
        client.exec(command, (error, channel) => {
          if (error) return reject(error);
          let stdout = "";
          channel.on("data", (data: Buffer) => {
            stdout += data.toString();
          });
          channel.stderr.resume();
          channel.on("close", () => resolve({ hostKey: shown, stdout }));
        }),
      );
      client.on("error", (error: Error & ClientErrorExtensions) =>
        reject(
          mismatch
            ? new Refused(
                `its host key is ${shown.slice(0, 40)}..., not the pinned ${endpoint.hostKey.slice(0, 40)}...: ` +
                  "another machine has its address, or it was installed anew (then replace it: `pulumi up --replace URN`)",
              )
            : error.level === "client-authentication"
              ? new Refused(`it does not accept the key ${endpoint.keyFile}`)
              : error,
        ),
      );
      client.on("close", () => reject(new Error("the connection was closed")));
      client.connect({
        host: endpoint.host,
        port: endpoint.port,
        username: endpoint.user,
        privateKey: endpoint.privateKey,
        readyTimeout: attemptTime,
        hostVerifier: (blob: Buffer) => {
          shown = hostKeyLine(blob);
          mismatch = endpoint.hostKey !== "" && endpoint.hostKey !== shown;
          return !mismatch;
        },
      });
    });
  } finally {
    client.end();
  }
}

/**
 * Reaches the machine with its own key, and sees whether its network is whole.
 *
 * @param endpoint its `hostKey` is checked unless empty
 * @param patience milliseconds to go on trying
 * @throws Error that says what is wrong, if the machine does not answer as it should
 */
export async function makeContact(
  endpoint: SshEndpoint,
  expected: Expected,
  patience: number,
): Promise<Contact> {
  const deadline = Date.now() + patience;
  for (;;) {
    try {
      const { hostKey, stdout } = await attempt(endpoint, measureAddresses);
      const missing = missingNetwork(stdout, expected);
      if (missing) {
        const staticOnes = expected.addresses.every((address) => interfaceOf(stdout, address));
        throw new (staticOnes ? Unfinished : Refused)(`${missing}: it has\n${stdout.trim()}`);
      }
      const [own] = expected.addresses;
      return { hostKey, interface: (own && interfaceOf(stdout, own)) ?? "" };
    } catch (error) {
      if (error instanceof Refused) throw new Error(error.message);
      if (Date.now() + pause > deadline) {
        const { message } = error as Error;
        const silent = `it does not answer on ${endpoint.host} port ${endpoint.port}: ${message}`;
        throw new Error(error instanceof Unfinished ? message : silent);
      }
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}
