import ipaddr from "ipaddr.js";

/** Why no interface of a node or server can have an address for others to find, by what ipaddr.js calls its range. */
const unusableRanges: Record<string, string> = {
  unspecified: "no address",
  broadcast: "the broadcast address",
  multicast: "a multicast address",
  loopback: "a loopback address, which stays on its machine",
  linkLocal: "a link-local address, which is not the same network for everybody",
  ipv4Mapped: "an IPv4 address in IPv6 form: write it as IPv4",
  rfc6145: "a translated IPv4 address",
  rfc6052: "a translated IPv4 address",
  "6to4": "a tunnel's address",
  teredo: "a tunnel's address",
  discard: "an address that routers throw away",
  as112Block: "an address of the Internet's name servers",
};

/**
 * Why no node or server can have an address, as the rest of `ADDRESS is ...`; undefined if one can.
 *
 * @param address IPv4 or IPv6, without a prefix
 */
export function unusableAddress(address: string): string | undefined {
  const parsed = ipaddr.parse(address);
  const range = parsed.range();
  // The documentation's IPv6 network is "reserved" too, and is for examples as good as any.
  if (range === "reserved") return parsed.kind() === "ipv4" ? "a reserved address" : undefined;
  return Object.hasOwn(unusableRanges, range) ? unusableRanges[range] : undefined;
}
