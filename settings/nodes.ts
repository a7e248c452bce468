import ipaddr from "ipaddr.js";
import { z } from "zod";
import { doubles } from "../domain/doubles";
import { type Mistake, mistake } from "../domain/mistake";
import { addressOf, cidrOf, endsOf, isInside, type Network, networkOf } from "../domain/network";
import { hostRules, hostSchema } from "./hosts";
import { type MachinesGiven, machineRules, machineSchema, machinesShape } from "./machines";
import { address, number, type Rule, setting } from "./values";

const hostName = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

const nameError = "must be a host name: lower-case letters, digits and dashes, at most 63 characters";

const node = z.strictObject(
  {
    name: setting(
      z.string({ error: nameError }).regex(hostName, { error: nameError }),
      "Unique in the stack; a machine's host name",
    ),
    address: setting(address, "IPv4 address on the nodes' network, without prefix"),
    address6: setting(
      z
        .string({ error: "must be a text" })
        .refine((text) => ipaddr.IPv6.isValid(text) && !text.includes("%"), {
          error: "must be an IPv6 address such as fd00:56::11, without a prefix",
        })
        .optional(),
      "IPv6 address on the nodes' network, for IPv6 VIPs",
    ),
    priority: setting(
      number(1, 254).int({ error: "must be a whole number" }).optional(),
      "VRRP priority",
      "150 for the first node, 10 less for each that follows",
    ),
    host: setting(hostSchema.optional(), "How to log in to a host that existed before: docs/hosts.md"),
    machine: setting(machineSchema.optional(), "What this machine has of its own"),
  },
  { error: (issue) => (issue.code === "invalid_type" ? "must be a node: `name` and `address`" : undefined) },
);

const nodesError = ({ input }: { input?: unknown }): string =>
  input === undefined
    ? "is missing: give a list of at least two nodes, each with `name` and `address`"
    : "must be a list, each entry with `name` and `address`";

/** Settings of the nodes, and of the machines or hosts that they are. */
export const nodesShape = {
  nodes: setting(
    z
      .array(node, { error: nodesError })
      .min(2, { error: "must name at least two nodes: one alone cannot fail over" })
      .max(10, { error: "must name at most ten nodes" }),
    "Two nodes or more, the first preferred at the start: machines, or hosts that existed before (`host`: docs/hosts.md)",
  ),
  ...machinesShape,
};

/** What the rules of the nodes look at, checked one by one already. */
type NodesGiven = Omit<MachinesGiven, "nodes"> & {
  vip: string;
  subnet?: string | undefined;
  nodes: z.infer<typeof nodesShape.nodes>;
};

const notAHost = (path: string): Mistake =>
  mistake(path, "must not be its subnet's first or last address", "hosts cannot have those");

const isSubnet = ({ prefix }: Network): boolean => prefix >= 8 && prefix <= 30;

/** The network that the nodes must be in has room for them; it is the VIP's, unless `subnet` says another one. */
function networkMistakes({ vip, subnet }: NodesGiven): Mistake[] {
  if (subnet !== undefined)
    return isSubnet(networkOf(subnet)) ? [] : [mistake("subnet", "must have a prefix from /8 to /30")];
  const network = networkOf(vip);
  if (!isSubnet(network)) return [mistake("vip", "must have a prefix from /8 to /30, its subnet's")];
  return endsOf(network).includes(addressOf(vip)) ? [notAHost("vip")] : [];
}

/** The nodes are in their network, so that they hear each other and the VIP is found. */
function addressMistakes({ vip, subnet, nodes }: NodesGiven): Mistake[] {
  const network = networkOf(subnet ?? vip);
  if (!isSubnet(network)) return [];
  return nodes.flatMap(({ address: own }, i) => {
    const path = `nodes[${i}].address`;
    if (subnet === undefined && own === addressOf(vip)) return []; // Said by a rule of its own.
    if (!isInside(own, network))
      return [
        subnet === undefined
          ? mistake(
              path,
              `(${own}) must be in the subnet of \`vip\` (${cidrOf(network)})`,
              "otherwise nobody there finds the VIP; if a route leads to it, say so with `subnet`, the nodes' network",
            )
          : mistake(path, `(${own}) must be in \`subnet\` (${cidrOf(network)})`),
      ];
    return endsOf(network).includes(own) ? [notAHost(path)] : [];
  });
}

/** What the nodes, and the VIP among them, must keep to. */
export const nodeRules: Rule<NodesGiven>[] = [
  {
    of: ["nodes[].name"],
    each: true,
    check: ({ nodes }) =>
      doubles(nodes.map(({ name }) => name)).map((name) =>
        mistake("nodes", `has the name ${name} twice`, "give each node its own"),
      ),
  },
  {
    of: ["nodes[].address"],
    each: true,
    check: ({ nodes }) =>
      doubles(nodes.map((each) => each.address)).map((same) =>
        mistake("nodes", `has the address ${same} twice`, "give each node its own"),
      ),
  },
  {
    of: ["vip", "nodes[].address"],
    each: true,
    check: ({ vip, nodes }) =>
      nodes.flatMap((each, i) =>
        each.address === addressOf(vip)
          ? [
              mistake(
                `nodes[${i}].address`,
                "must not be the `vip`",
                "the VIP moves between nodes, choose a free address for it",
              ),
            ]
          : [],
      ),
  },
  { of: ["vip", "subnet"], check: networkMistakes },
  { of: ["vip", "subnet", "nodes[].address"], each: true, check: addressMistakes },
  {
    // Two nodes that are one host: it would be its own standby.
    of: ["nodes[].address", "nodes[].host.address", "nodes[].host.port"],
    each: true,
    check: ({ nodes }) =>
      doubles(
        nodes.flatMap((each) =>
          each.host ? [`${each.host.address ?? each.address}:${each.host.port}`] : [],
        ),
      ).map((same) => mistake("nodes", `has the host ${same} twice`, "two nodes must be two hosts")),
  },
  ...hostRules,
  ...machineRules,
];
