import type { ClientErrorExtensions } from "ssh2";
import { shownLine } from "../../domain/shown-text";
import type { SshEndpoint } from "../remote/endpoint";
import { hostKeyLine, pinnableKeys, withoutPinnableKey } from "../remote/first-contact";

/** The result of a contact with a machine. */
export interface Contact {
  /** Type and base64 of the machine's host key. */
  hostKey: string;
  /** The interface that carries the machine's static address; empty if it has none. */
  interface: string;
}

/** What the machine must have to be the one that was made, with its network complete. */
export interface Expected {
  /**
   * Its host keys as they were read on another way than the network that it is contacted by; undefined: whoever answers at
   * the first contact is believed.
   */
  hostKeys?: readonly string[] | undefined;
  /** Static addresses with their prefixes; the machine is contacted at the first one. */
  addresses: readonly string[];
  /** The least number of interfaces with an address, static or not. */
  interfaces: number;
}

/** The machine has another host key than the pinned one, or does not accept our key: waiting does not help. */
class Refused extends Error {}

/** It does not accept our key. */
class KeyRefused extends Refused {}

/** The machine answers, but its network is not complete yet: an address by DHCP may still come. */
class Unfinished extends Error {}

/** One connection attempt; TCG guests take seconds for a handshake. */
const attemptTime = 20_000;
const pause = 1_000;
/** Characters of an answer: a machine that is not the one that was made could talk for ever. */
const mostOutput = 1 << 20;

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

/** What is missing of an expected network, from `ip -4 -o addr show`; undefined if nothing is missing. */
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

/** The host keys in /etc/ssh/ssh_host_*_key.pub, without their comments. */
export const hostKeysIn = (text: string): string[] =>
  [...text.matchAll(/^([a-z0-9@.-]{4,64} [A-Za-z0-9+/]{40,2000}={0,2})(?:\s.*)?$/gm)].map(
    ([, key]) => key ?? "",
  );

/** Why a host key is not the machine's. */
function wrongKey(shown: string, pinned: string): Refused {
  const [what, way] = pinned
    ? [
        `not the pinned ${pinned.slice(0, 40)}...`,
        "it was reinstalled (then replace it: `pulumi up --replace URN`)",
      ]
    : ["and the machine says through Vagrant that it has another one", "its address is taken"];
  return new Refused(
    `its host key is ${shownLine(shown, 40)}..., ${what}: another machine answers at its address, or ${way}`,
  );
}

/**
 * Logs in and runs one command. It pins no key itself: for the first contact `endpoint.hostKey` is empty.
 *
 * @param hostKeys those that it may have then; undefined: any
 */
async function attempt(
  endpoint: SshEndpoint,
  command: string,
  hostKeys: readonly string[] | undefined,
): Promise<{ hostKey: string; stdout: string }> {
  // Loaded here, since a preview without changes never needs it.
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
            stdout = (stdout + data.toString()).slice(0, mostOutput);
          });
          channel.stderr.resume();
          channel.on("close", () => resolve({ hostKey: shown, stdout }));
        }),
      );
      client.on("error", (error: Error & ClientErrorExtensions) => {
        if (mismatch) return reject(wrongKey(shown, endpoint.hostKey));
        if (error.level === "client-authentication")
          return reject(new KeyRefused(`it does not accept the key ${endpoint.keyFile}`));
        const keyless = withoutPinnableKey(error.message);
        reject(keyless ? new Refused(keyless) : error);
      });
      client.on("close", () => reject(new Error("the connection was closed")));
      client.connect({
        host: endpoint.host,
        port: endpoint.port,
        username: endpoint.user,
        privateKey: endpoint.privateKey,
        readyTimeout: attemptTime,
        // A key that a former version pinned may be of another kind.
        ...(!endpoint.hostKey && { algorithms: { serverHostKey: pinnableKeys } }),
        hostVerifier: (blob: Buffer) => {
          shown = hostKeyLine(blob);
          const possible = endpoint.hostKey ? [endpoint.hostKey] : hostKeys;
          mismatch = possible !== undefined && !possible.includes(shown);
          return !mismatch;
        },
      });
    });
  } finally {
    client.end();
  }
}

/**
 * Logs in to the machine with its own key, and checks that its network is complete.
 *
 * @param endpoint its `hostKey` is checked unless empty
 * @param patience milliseconds for all attempts
 * @throws Error with the reason if the machine does not answer, or its network is not complete
 */
export async function makeContact(
  endpoint: SshEndpoint,
  expected: Expected,
  patience: number,
): Promise<Contact> {
  const deadline = Date.now() + patience;
  for (;;) {
    try {
      const { hostKey, stdout } = await attempt(endpoint, measureAddresses, expected.hostKeys);
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

/**
 * Whether a machine lets somebody in with this key.
 *
 * @param patience milliseconds for all attempts
 * @throws if it does not answer, or has another host key than the pinned one
 */
export async function accepts(endpoint: SshEndpoint, patience: number): Promise<boolean> {
  const deadline = Date.now() + patience;
  for (;;) {
    try {
      await attempt(endpoint, "true", undefined);
      return true;
    } catch (error) {
      if (error instanceof KeyRefused) return false;
      if (error instanceof Refused || Date.now() + pause > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}
