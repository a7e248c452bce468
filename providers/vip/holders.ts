import { setTimeout as sleep } from "node:timers/promises";
import type { SshEndpoint } from "../remote/endpoint";
import { execOk } from "../remote/ssh";

/** A node as far as it has to be asked. */
export interface Asked {
  name: string;
  ssh: SshEndpoint;
}

/** Names of nodes, in the order in which they were asked about. */
export interface Holders {
  /** They have the VIP on an interface. None and several are both possible, and both true. */
  holders: string[];
  /** They could not be asked in time, so nothing is known of them. */
  unreachable: string[];
}

/**
 * Whether the output of `ip -j addr` has exactly this address on some interface.
 *
 * @throws if it is not such output
 */
export function hasAddress(json: string, address: string): boolean {
  const interfaces = JSON.parse(json) as { addr_info?: { local?: string }[] }[];
  return interfaces.some(({ addr_info = [] }) => addr_info.some(({ local }) => local === address));
}

/** Where `ip` is when it is not on a user's PATH. */
const command = "PATH=$PATH:/usr/sbin:/sbin ip -j addr";

/**
 * Measures which nodes hold the VIP, by looking at their interfaces: the truth of the data path, whatever
 * keepalived says of itself.
 *
 * @param deadline milliseconds that any one node may take; they are asked side by side. Default 3000.
 */
export async function measureHolders(nodes: Asked[], vip: string, deadline = 3_000): Promise<Holders> {
  const found = await Promise.all(
    nodes.map(async ({ ssh }) => {
      try {
        const { stdout } = await execOk(ssh, command, { timeout: deadline });
        return hasAddress(stdout, vip);
      } catch {
        return undefined;
      }
    }),
  );
  const named = (state: boolean | undefined): string[] =>
    nodes.filter((_, i) => found[i] === state).map(({ name }) => name);
  return { holders: named(true), unreachable: named(undefined) };
}

/** How long holders are looked for, in milliseconds. */
export interface Patience {
  /** In all; a look that has begun is not cut short. */
  all: number;
  /** That a node may take to answer. */
  once: number;
  /** Between two looks. */
  pause: number;
}

/** Looks until the holders are as wanted, or the time is over; gives what was seen last. */
export async function awaitHolders(
  nodes: Asked[],
  vip: string,
  wanted: (holders: string[]) => boolean,
  { all, once, pause }: Patience,
): Promise<Holders> {
  const end = performance.now() + all;
  for (;;) {
    const found = await measureHolders(nodes, vip, once);
    if (wanted(found.holders) || performance.now() > end) return found;
    await sleep(pause);
  }
}
