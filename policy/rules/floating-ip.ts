import type { Declared } from "../../domain/declared";
import { cidrOf, isInside } from "../../domain/network";
import { vrrpInstances } from "../read";
import { check, levels, ofWhole, type Rule, types } from "../rule";

interface Configuration {
  contents: Record<string, string>;
}

const vipInSubnet: Rule = {
  name: "vip-in-subnet",
  reason: "Nobody finds a floating IP outside of the nodes' network, unless a route leads there.",
  remedy: "Choose a VIP in the nodes' network; if a route leads to it, set `routed` of this rule to true.",
  severity: "medium",
  beyond: "The settings take a `subnet` that the VIP is not in; routes are not theirs to know.",
  levels: levels("mandatory", { blog: "advisory" }),
  config: {
    routed: { type: "boolean", description: "True if routers lead to VIPs elsewhere.", default: false },
  },
  resources: {
    ...ofWhole(
      check<Declared>(({ vip, furtherVips = [], subnet }, { config }) => {
        if (!vip || !subnet || config.routed) return [];
        return [vip, ...furtherVips]
          .map(({ address }) => address)
          .filter((address) => !address.includes(":"))
          .filter((address) => !isInside(address, subnet))
          .map((address) => `The VIP ${address} is outside of the nodes' network ${cidrOf(subnet)}`);
      }),
    ),
  },
};

const routerIdUnique: Rule = {
  name: "router-id-unique",
  reason: "Two VRRP groups with one router id on a network take each other's adverts for their own.",
  remedy: "Give the stack its own `virtualRouterId`, 1 to 255.",
  severity: "high",
  beyond:
    "The settings know the stack's own id, and not who else is on the network. A `Configuration` of your own may have any text.",
  levels: levels("mandatory"),
  config: {
    taken: {
      type: "array",
      items: { type: "integer", minimum: 1, maximum: 255 },
      description: "Router ids that others on the network use, such as its routers.",
      default: [],
    },
  },
  resources: {
    ...ofWhole(
      check<Declared>(({ virtualRouterId }, { config }) =>
        (config.taken as number[]).includes(Number(virtualRouterId))
          ? [`The router id ${virtualRouterId} is taken on this network`]
          : [],
      ),
    ),
    [types.configuration]: check<Configuration>(({ contents = {} }, { config }) => {
      const byNode = Object.values(contents).map((text) => [
        ...new Set(vrrpInstances(text).map(({ routerId }) => routerId)),
      ]);
      const ids = [...new Set(byNode.flat())];
      return [
        ...ids
          .filter((id) => (config.taken as number[]).includes(id))
          .map((id) => `The router id ${id} is taken on this network`),
        ...(byNode.some((own) => own.length < ids.length)
          ? [`The nodes have different router ids (${ids.join(", ")}) and would not hear each other`]
          : []),
      ];
    }),
  },
};

export const floatingIpRules: Rule[] = [vipInSubnet, routerIdUnique];
