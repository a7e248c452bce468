import ipaddr from "ipaddr.js";
import { z } from "zod";
import { hostSchema } from "./hosts";
import { type MachinesGiven, machineSchema, machinesMistakes, machinesShape } from "./machines";
import { address, number } from "./values";

const hostName = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

const nameError = "must be a host name: lower-case letters, digits and dashes, at most 63 characters";

const node = z.strictObject(
  {
    name: z
      .string({ error: nameError })
      .regex(hostName, { error: nameError })
      .describe("Unique in the stack; a machine's host name"),
    address: address.describe("IPv4 address on the nodes' network, without prefix"),
    address6: z
      .string({ error: "must be a text" })
      .refine((text) => ipaddr.IPv6.isValid(text) && !text.includes("%"), {
        error: "must be an IPv6 address such as fd00:56::11, without a prefix",
      })
      .optional()
      .describe("IPv6 address on the nodes' network, for IPv6 VIPs"),
    priority: number(1, 254)
      .int({ error: "must be a whole number" })
      .optional()
      .describe("VRRP priority; default: 150 for the first node, 10 less for each that follows"),
    host: hostSchema.optional().describe("How to log in to a host that existed before: docs/hosts.md"),
    machine: machineSchema.optional().describe("What this machine has of its own"),
  },
  { error: (issue) => (issue.code === "invalid_type" ? "must be a node: `name` and `address`" : undefined) },
);

/** Settings of the nodes, and of the machines or hosts that they are. */
export const nodesShape = {
  nodes: z
    .array(node, { error: "is missing: give a list of at least two nodes, each with `name` and `address`" })
    .min(2, { error: "must name at least two nodes: one alone cannot fail over" })
    .max(10, { error: "must name at most ten nodes" })
    .describe("Two nodes or more, the first preferred at the start: machines, or hosts that existed before"),
  ...machinesShape,
};

/** What the rules of the nodes look at, checked one by one already. */
type NodesGiven = Omit<MachinesGiven, "nodes"> & {
  vip: string;
  subnet?: string | undefined;
  nodes: z.infer<typeof nodesShape.nodes>;
};

const twice = (values: string[]): string[] => [
  ...new Set(values.filter((value, i) => values.indexOf(value) !== i)),
];

/** Two nodes that are one host: it would be its own standby. */
const hostsTwice = (nodes: NodesGiven["nodes"]): string[] =>
  twice(
    nodes.flatMap((each) => (each.host ? [`${each.host.address ?? each.address}:${each.host.port}`] : [])),
  ).map((same) => `\`nodes\` has the host ${same} twice: two nodes must be two hosts`);

const notAHost = "must not be its subnet's first or last address: hosts cannot have those";

/** Mistakes of the nodes, and of the VIP among them, that lie between settings. */
export function nodesMistakes(given: NodesGiven): string[] {
  const { nodes } = given;
  return [
    ...twice(nodes.map(({ name }) => name)).map(
      (name) => `\`nodes\` has the name ${name} twice: give each node its own`,
    ),
    ...twice(nodes.map((each) => each.address)).map(
      (same) => `\`nodes\` has the address ${same} twice: give each node its own`,
    ),
    ...nodes.flatMap((each, i) =>
      each.address === ipaddr.IPv4.parseCIDR(given.vip)[0].toString()
        ? [
            `\`nodes[${i}].address\` must not be the \`vip\`: the VIP moves between nodes, choose a free address for it`,
          ]
        : [],
    ),
    ...(given.subnet ? inSubnet(given.subnet, nodes) : inSubnetOfVip(given.vip, nodes)),
    ...hostsTwice(nodes),
    ...machinesMistakes(given),
  ];
}

/** With `subnet` it is that network which the nodes must be in, wherever the VIP is. */
function inSubnet(subnet: string, nodes: NodesGiven["nodes"]): string[] {
  const [, prefix] = ipaddr.IPv4.parseCIDR(subnet);
  if (prefix < 8 || prefix > 30) return ["`subnet` must have a prefix from /8 to /30"];
  const network = ipaddr.IPv4.networkAddressFromCIDR(subnet);
  const ends = [network, ipaddr.IPv4.broadcastAddressFromCIDR(subnet)].map(String);
  return nodes.flatMap(({ address: own }, i) => {
    if (!ipaddr.IPv4.parse(own).match(network, prefix))
      return [`\`nodes[${i}].address\` (${own}) must be in \`subnet\` (${network}/${prefix})`];
    return ends.includes(own) ? [`\`nodes[${i}].address\` ${notAHost}`] : [];
  });
}

function inSubnetOfVip(cidr: string, nodes: NodesGiven["nodes"]): string[] {
  const [vip, prefix] = ipaddr.IPv4.parseCIDR(cidr);
  if (prefix < 8 || prefix > 30) return ["`vip` must have a prefix from /8 to /30, its subnet's"];
  const first = ipaddr.IPv4.networkAddressFromCIDR(cidr).toString();
  const ends = [first, ipaddr.IPv4.broadcastAddressFromCIDR(cidr).toString()];
  const ofVip = ends.includes(vip.toString()) ? [`\`vip\` ${notAHost}`] : [];
  const ofNodes = nodes.flatMap(({ address: own }, i) => {
    if (own === vip.toString()) return [];
    if (!ipaddr.IPv4.parse(own).match([vip, prefix]))
      return [
        `\`nodes[${i}].address\` (${own}) must be in the subnet of \`vip\` (${first}/${prefix}): otherwise nobody there finds the VIP; if a route leads to it, say so with \`subnet\`, the nodes' network`,
      ];
    return ends.includes(own) ? [`\`nodes[${i}].address\` ${notAHost}`] : [];
  });
  return [...ofVip, ...ofNodes];
}

/** Distinct, below 255 (which would mean "owns the address") and 10 apart, so that one can be put between. */
export const withPriorities = <T extends { priority?: number | undefined }>(
  nodes: T[],
): (T & { priority: number })[] =>
  nodes.map((each, i) => ({ ...each, priority: each.priority ?? 150 - 10 * i }));
