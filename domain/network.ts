import ipaddr from "ipaddr.js";
import type { Vip } from "./vrrp";

/** An IPv4 network: any address of it, and the number of bits that all of them begin with. */
export interface Network {
  address: string;
  prefix: number;
}

/**
 * The network of an address in CIDR form, `192.168.56.10/24`: its first address and the prefix.
 *
 * @throws if it is none
 */
export const networkOf = (cidr: string): Network => ({
  address: ipaddr.IPv4.networkAddressFromCIDR(cidr).toString(),
  prefix: ipaddr.IPv4.parseCIDR(cidr)[1],
});

/** The network in CIDR form. */
export const cidrOf = ({ address, prefix }: Network): string => `${address}/${prefix}`;

/** Whether an IPv4 address is in a network. */
export const isInside = (address: string, { address: base, prefix }: Network): boolean =>
  ipaddr.IPv4.parse(address).match(ipaddr.IPv4.parse(base), prefix);

/** The first and the last address of a network, which no host can have. */
export const endsOf = (network: Network): string[] =>
  [
    ipaddr.IPv4.networkAddressFromCIDR(cidrOf(network)),
    ipaddr.IPv4.broadcastAddressFromCIDR(cidrOf(network)),
  ].map(String);

/** The address of a CIDR form without its prefix. */
export const addressOf = (cidr: string): string => ipaddr.IPv4.parseCIDR(cidr)[0].toString();

/** A VIP as text, IPv4 or IPv6, with a prefix; undefined if it is none. */
export function parseVip(text: string): Vip | undefined {
  const [address = "", prefix, ...rest] = text.split("/");
  if (prefix === undefined || rest.length || !/^(0|[1-9]\d{0,2})$/.test(prefix)) return undefined;
  const isFour = ipaddr.IPv4.isValidFourPartDecimal(address);
  if (!isFour && !(ipaddr.IPv6.isValid(address) && !address.includes("%"))) return undefined;
  if (Number(prefix) > (isFour ? 32 : 128)) return undefined;
  return { address: ipaddr.parse(address).toString(), prefix: Number(prefix) };
}
