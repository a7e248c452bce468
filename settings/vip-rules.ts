import ipaddr from "ipaddr.js";
import { unusableAddress } from "../domain/address-kinds";
import { type Mistake, mistake } from "../domain/mistake";
import { isInside, networkOf, parseVip } from "../domain/network";
import { type Vip, withPriorities } from "../domain/vrrp";
import type { KeepalivedSettings } from "./floating-ip";
import type { Rule } from "./values";

/** The settings that the rules of the VIPs, and of the nodes as VRRP sees them, look at. */
interface VipsGiven {
  vip: string;
  furtherVips: string[];
  subnet?: string | undefined;
  nodes: { name: string; address: string; address6?: string | undefined; priority?: number | undefined }[];
  keepalived: KeepalivedSettings;
}

/** All VIPs with their paths, the main one first. */
const vipsOf = ({ vip, furtherVips }: VipsGiven): (Vip & { path: string; text: string })[] => [
  { path: "vip", text: vip, ...(parseVip(vip) as Vip) },
  ...furtherVips.flatMap((text, i) => [{ path: `furtherVips[${i}]`, text, ...(parseVip(text) as Vip) }]),
];

/** The further VIPs; the main one's place among the nodes is judged with theirs (nodes.ts). */
const furtherOf = (given: VipsGiven): (Vip & { path: string })[] => vipsOf(given).slice(1);

/** A further VIP outside of the nodes' network is unreachable, unless somebody has made a route: then say so. */
function outsideOf4({ path, address, prefix: own }: Vip & { path: string }, cidr: string): Mistake[] {
  const network = networkOf(cidr);
  if (!isInside(address, network))
    return [
      mistake(
        path,
        `(${address}) must be in the subnet of \`vip\``,
        "nobody would find it elsewhere; if a route leads to it, say so with `subnet`, the nodes' network",
      ),
    ];
  return own !== network.prefix && own !== 32
    ? [mistake(path, `must have the prefix of \`vip\` (/${network.prefix}), or /32`)]
    : [];
}

function outsideOf6({ path, address, prefix }: Vip & { path: string }, nodes: VipsGiven["nodes"]): Mistake[] {
  const outside = nodes.find(
    ({ address6 }) => address6 && !ipaddr.IPv6.parse(address6).match(ipaddr.IPv6.parse(address), prefix),
  );
  return !outside || prefix === 128
    ? []
    : [mistake(path, "must be in the IPv6 network of the nodes", `${outside.name} has ${outside.address6}`)];
}

const isSix = ({ address }: Vip): boolean => address.includes(":");

const vipRules: Rule<VipsGiven>[] = [
  {
    of: ["vip", "furtherVips[]"],
    each: true,
    check: (given) =>
      vipsOf(given).flatMap(({ path, address }) => {
        const bad = unusableAddress(address);
        return bad
          ? [mistake(path, `(${address}) is ${bad}`, "choose a free address of the nodes' network")]
          : [];
      }),
  },
  {
    of: ["vip", "furtherVips[]"],
    each: true,
    check: (given) => {
      const vips = vipsOf(given);
      return vips.flatMap(({ path, text, address }, i) => {
        const twin = vips.findIndex((other) => other.address === address);
        // The list itself is wrong if it has the same text twice.
        return twin < i && (twin === 0 || vips[twin]?.text !== text)
          ? [mistake(path, `is the same address as \`${vips[twin]?.path}\``, "remove one of them")]
          : [];
      });
    },
  },
  {
    of: ["vip", "furtherVips[]", "nodes[].address", "nodes[].address6"],
    each: true,
    check: (given) =>
      furtherOf(given).flatMap(({ path, address }) =>
        given.nodes.flatMap((node, j) => {
          const of6 = node.address6 && ipaddr.parse(node.address6).toString();
          return node.address === address || of6 === address
            ? [
                mistake(
                  path,
                  `must not be an address of \`nodes[${j}]\``,
                  "a VIP moves between nodes, choose a free address for it",
                ),
              ]
            : [];
        }),
      ),
  },
  {
    of: ["vip", "furtherVips[]", "subnet?"],
    each: true,
    check: (given) =>
      given.subnet !== undefined
        ? []
        : furtherOf(given)
            .filter((vip) => !isSix(vip) && !unusableAddress(vip.address))
            .flatMap((vip) => outsideOf4(vip, given.vip)),
  },
  {
    of: ["vip", "furtherVips", "subnet?", "nodes[].name", "nodes[].address6"],
    check: (given) =>
      given.subnet !== undefined
        ? []
        : furtherOf(given)
            .filter((vip) => isSix(vip) && !unusableAddress(vip.address))
            .flatMap((vip) => outsideOf6(vip, given.nodes)),
  },
];

const sixOf = (nodes: VipsGiven["nodes"]): string[] => nodes.flatMap(({ address6 }) => address6 || []);

const nodes6 = "nodes[].address6";

/** A mistake of the nodes' IPv6 addresses, where they have any. */
const ofSix = (
  of: readonly string[],
  check: (addresses: string[], given: VipsGiven) => Mistake[],
): Rule<VipsGiven> => ({
  of: [nodes6, ...of],
  check: (given) => {
    const addresses = sixOf(given.nodes);
    return addresses.length === 0 ? [] : check(addresses, given);
  },
});

const nodeRules: Rule<VipsGiven>[] = [
  {
    of: ["nodes[].priority"],
    check: ({ nodes }) => {
      const all = withPriorities(nodes.map(({ priority }) => ({ priority })));
      return all.flatMap(({ priority }, i) => {
        const twin = all.findIndex((other) => other.priority === priority);
        return twin < i
          ? [
              mistake(
                `nodes[${i}].priority`,
                `(${priority}) is that of \`nodes[${twin}]\` too`,
                "equal priorities let two nodes take the VIP at once; give each its own",
              ),
            ]
          : [];
      });
    },
  },
  ofSix([], (addresses, { nodes }) =>
    addresses.length < nodes.length
      ? [mistake(nodes6, "must be given for all nodes or for none", "they talk to each other over it")]
      : [],
  ),
  ofSix(["furtherVips"], (_addresses, { furtherVips }) =>
    furtherVips.some((text) => text.includes(":"))
      ? []
      : [mistake(nodes6, "is for IPv6 VIPs", "name one in `furtherVips`, or remove it")],
  ),
  ofSix(["keepalived.version"], (_addresses, { keepalived }) =>
    keepalived.version === 2
      ? [mistake(nodes6, "needs `keepalived.version` 3", "version 2 has no IPv6")]
      : [],
  ),
  ofSix([], (addresses) => {
    const parsed = addresses.map((address) => ipaddr.parse(address).toString());
    return new Set(parsed).size < parsed.length ? [mistake(nodes6, "must be another one for each node")] : [];
  }),
  ofSix([], (addresses) =>
    addresses.flatMap((text) => {
      const address = ipaddr.parse(text).toString();
      const bad = unusableAddress(address);
      return bad ? [mistake(nodes6, `(${address}) is ${bad}`, "give each node's own address")] : [];
    }),
  ),
];

/** What the VIPs, and the nodes as VRRP sees them, must keep to. */
export const floatingIpRules: Rule<VipsGiven>[] = [...vipRules, ...nodeRules];
