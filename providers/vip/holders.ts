import { setTimeout as sleep } from "node:timers/promises";
import type { SshEndpoint } from "../remote/endpoint";
import { execOk } from "../remote/ssh";

/** A node to ask for its addresses. */
export interface Asked {
  name: string;
  ssh: SshEndpoint;
}

/** Names of nodes, in the order in which they were asked about. */
export interface Holders {
  /** The nodes that have the VIP on an interface. There may be none, or several. */
  holders: string[];
  /** The nodes that did not answer in time: it is not known whether they have the VIP. */
  unreachable: string[];
}

/**
 * Whether the output of `ip -j addr` has exactly this address on some interface.
 *
 * @throws if the text is not such output
 */
export function hasAddress(json: string, address: string): boolean {
  const interfaces = JSON.parse(json) as { addr_info?: { local?: string }[] }[];
  return interfaces.some(({ addr_info = [] }) => addr_info.some(({ local }) => local === address));
}

/** The folders of `ip`, which may not be on a user's PATH. */
const command = "PATH=$PATH:/usr/sbin:/sbin ip -j addr";

/**
 * Measures which nodes have the VIP, from the addresses of their interfaces. keepalived's own view does not count.
 *
 * @param vip without prefix; of several, a holder has at least one
 * @param deadline milliseconds that each node may take; all are asked in parallel. Default 3000.
 */
export async function measureHolders(
  nodes: Asked[],
  vip: string | readonly string[],
  deadline = 3_000,
): Promise<Holders> {
  return holdersAmong(nodes, await addressesOf(nodes, deadline), [vip].flat());
}

/** The same of several VIPs, each by itself: in their order. */
export async function measureEach(
  nodes: Asked[],
  vips: readonly string[],
  deadline = 3_000,
): Promise<Holders[]> {
  const addresses = await addressesOf(nodes, deadline);
  return vips.map((vip) => holdersAmong(nodes, addresses, [vip]));
}

/** What `ip` says on each node; undefined for one that did not answer. */
const addressesOf = (nodes: Asked[], deadline: number): Promise<(string | undefined)[]> =>
  Promise.all(
    nodes.map(async ({ ssh }) => {
      try {
        return (await execOk(ssh, command, { timeout: deadline })).stdout;
      } catch {
        return undefined;
      }
    }),
  );

function holdersAmong(nodes: Asked[], addresses: (string | undefined)[], vips: readonly string[]): Holders {
  const has = addresses.map((text) => {
    try {
      return text === undefined ? undefined : vips.some((each) => hasAddress(text, each));
    } catch {
      return undefined;
    }
  });
  const named = (state: boolean | undefined): string[] =>
    nodes.filter((_, i) => has[i] === state).map(({ name }) => name);
  return { holders: named(true), unreachable: named(undefined) };
}

/** Times for the search for holders, in milliseconds. */
export interface Patience {
  /** For the whole search; a measurement that has begun is completed. */
  all: number;
  /** In which a node must answer. */
  once: number;
  /** Between two measurements. */
  pause: number;
}

/** Measures until the holders are as wanted, or the time is over; returns the last measurement. */
export async function awaitHolders(
  nodes: Asked[],
  vip: string | readonly string[],
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
