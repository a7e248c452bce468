import ipaddr from "ipaddr.js";
import { type Mistake, mistake } from "../domain/mistake";
import { endsOf, isInside, networkOf } from "../domain/network";
import type { Rule } from "./values";

/*
 * One address in one role: a VIP moves, a node is where it is, and the server of the shared data is none of them.
 */

/** The settings that say addresses. */
interface RolesGiven {
  vip: string;
  furtherVips: string[];
  subnet?: string | undefined;
  storage: string;
  nfsAddress?: string | undefined;
  nodes: {
    address: string;
    host?: { address?: string | undefined } | undefined;
    machine?: { ports: { hostIp?: string | undefined }[] } | undefined;
  }[];
}

const bare = (cidr: string): string => ipaddr.parse(cidr.split("/")[0] ?? "").toString();

/** The VIPs by address, with the name of the setting that has each. */
const vipsOf = ({ vip, furtherVips }: RolesGiven): Map<string, string> =>
  new Map([...furtherVips.map((each, i) => [bare(each), `furtherVips[${i}]`] as const), [bare(vip), "vip"]]);

const clash = (path: string, address: string, other: string, wayOut: string): Mistake =>
  mistake(path, `(${address}) must not be that of \`${other}\` too`, wayOut);

/** Where SSH of a host goes: its own address or another, but no other node's and none that moves. */
function loginMistakes(given: RolesGiven): Mistake[] {
  const vips = vipsOf(given);
  return given.nodes.flatMap(({ host }, i) => {
    const address = host?.address;
    if (address === undefined) return [];
    const path = `nodes[${i}].host.address`;
    const vip = vips.get(address);
    if (vip) return [clash(path, address, vip, "that moves between nodes")];
    const other = given.nodes.findIndex((each, j) => j !== i && each.address === address);
    return other < 0 ? [] : [clash(path, address, `nodes[${other}].address`, "two nodes must be two hosts")];
  });
}

/** Who serves the shared data. That it is no node and not the VIP, storage.ts says. */
function serverMistakes(given: RolesGiven): Mistake[] {
  const { nfsAddress, nodes, vip, subnet, storage } = given;
  if (nfsAddress === undefined) return [];
  const further = vipsOf(given).get(nfsAddress);
  if (further && further !== "vip")
    return [clash("nfsAddress", nfsAddress, further, "that moves between nodes")];
  const login = nodes.findIndex(({ host }) => host?.address === nfsAddress);
  if (login >= 0)
    return [
      clash("nfsAddress", nfsAddress, `nodes[${login}].host.address`, "no node serves the shared directory"),
    ];
  const network = networkOf(subnet ?? vip);
  return storage !== "machine" && isInside(nfsAddress, network) && endsOf(network).includes(nfsAddress)
    ? [mistake("nfsAddress", `(${nfsAddress}) must not be its subnet's first or last address`)]
    : [];
}

/** Where forwarded ports listen is this machine's address. */
function listenMistakes(given: RolesGiven): Mistake[] {
  const vips = vipsOf(given);
  return given.nodes.flatMap(({ machine }, i) =>
    (machine?.ports ?? []).flatMap(({ hostIp }, j) => {
      if (hostIp === undefined) return [];
      const node = given.nodes.findIndex(({ address }) => address === hostIp);
      const other = vips.get(hostIp) ?? (node < 0 ? undefined : `nodes[${node}].address`);
      return other === undefined
        ? []
        : [clash(`nodes[${i}].machine.ports[${j}].hostIp`, hostIp, other, "this machine listens there")];
    }),
  );
}

/** The VIP's own network, where the nodes are in another one: all but that of one address has ends. */
function routedMistakes({ vip, subnet }: RolesGiven): Mistake[] {
  if (subnet === undefined) return [];
  const own = networkOf(vip);
  if (own.prefix < 8) return [mistake("vip", "must have a prefix from /8 to /32")];
  return own.prefix <= 30 && endsOf(own).includes(bare(vip))
    ? [mistake("vip", "must not be its subnet's first or last address", "hosts cannot have those")]
    : [];
}

/** Further VIPs that are a network, and not an address in it. */
function wholeMistakes({ furtherVips }: RolesGiven): Mistake[] {
  return furtherVips.flatMap((text, i) => {
    const path = `furtherVips[${i}]`;
    const prefix = Number(text.split("/")[1]);
    if (text.includes(":")) {
      if (prefix < 16) return [mistake(path, "must have a prefix from /16 to /128")];
      const network = ipaddr.IPv6.networkAddressFromCIDR(text).toString();
      return prefix <= 126 && network === bare(text)
        ? [mistake(path, "must not be its network's first address", "that is any router's")]
        : [];
    }
    if (prefix < 8) return [mistake(path, "must have a prefix from /8 to /32")];
    return prefix <= 30 && endsOf(networkOf(text)).includes(bare(text))
      ? [mistake(path, "must not be its subnet's first or last address", "hosts cannot have those")]
      : [];
  });
}

/** One address in one role, and none that cannot have it there. */
export const roleRules: Rule<RolesGiven>[] = [
  { of: ["vip", "furtherVips", "nodes[].address", "nodes[].host.address"], check: loginMistakes },
  {
    of: ["nfsAddress", "storage", "vip", "furtherVips", "subnet", "nodes[].host.address"],
    check: serverMistakes,
  },
  {
    of: ["vip", "furtherVips", "nodes[].address", "nodes[].machine.ports"],
    check: listenMistakes,
  },
  { of: ["vip", "subnet"], check: routedMistakes },
  { of: ["furtherVips"], check: wholeMistakes },
];
