import ipaddr from "ipaddr.js";
import { unusableAddress } from "../../domain/address-kinds";
import { doubles } from "../../domain/doubles";
import { type Mistake, mistake } from "../../domain/mistake";
import { isInside, networkOf, parseVip } from "../../domain/network";
import { routerIdOf } from "../../domain/vrrp";
import type { Rule } from "../../settings/values";
import type { AddressSettings, AddressVipSettings } from "./settings";

/** What the rules look at, checked one by one already. */
interface AddressGiven {
  vip: string;
  furtherVips: string[];
  virtualRouterId?: number | undefined;
  subnet?: string | undefined;
  nodes: { name: string; address: string }[];
  keepalived: { preempt: boolean };
  address: AddressSettings;
}

const pathOf = (i: number, name: string): string => `address.vips[${i}].${name}`;

/** Mistakes of each VIP by itself. */
const ofEach = (
  of: readonly string[],
  check: (vip: AddressVipSettings, i: number, given: AddressGiven) => Mistake[],
): Rule<AddressGiven> => ({
  of: ["address.vips", ...of],
  check: (given) => given.address.vips.flatMap((vip, i) => check(vip, i, given)),
});

const bare = (cidr: string): string => ipaddr.parse(cidr.split("/")[0] ?? "").toString();

/** The first one's address is said where every stack says it. */
const place = ofEach([], ({ vip, virtualRouterId }, i) => {
  if (i > 0)
    return vip === undefined
      ? [
          mistake(
            pathOf(i, "vip"),
            "is missing",
            "give the floating IP with its subnet's prefix; `vip` is the first one's",
          ),
        ]
      : [];
  return [
    ...(vip === undefined
      ? []
      : [mistake(pathOf(i, "vip"), "must not be given: it is `vip`", "take it out")]),
    ...(virtualRouterId === undefined
      ? []
      : [mistake(pathOf(i, "virtualRouterId"), "must not be given: it is `virtualRouterId`", "take it out")]),
  ];
});

const names: Rule<AddressGiven> = {
  of: ["address.vips"],
  check: ({ address: { vips } }) =>
    doubles(vips.map(({ name }) => name)).map((name) =>
      mistake("address.vips", `has the name ${name} twice`, "give each VIP its own"),
    ),
};

/** Each address once, and where nodes can have it. */
const addresses = ofEach(["vip", "furtherVips", "subnet", "nodes[].address"], ({ vip }, i, given) => {
  if (vip === undefined || i === 0) return [];
  const path = pathOf(i, "vip");
  const own = bare(vip);
  const bad = unusableAddress(own);
  if (bad) return [mistake(path, `(${own}) is ${bad}`, "choose a free address of the nodes' network")];
  const before = given.address.vips.slice(0, i).flatMap((each) => each.vip ?? []);
  const others = [given.vip, ...given.furtherVips, ...before].map(bare);
  if (others.includes(own))
    return [mistake(path, `(${own}) is a VIP of this stack already`, "give each its own address")];
  if (given.nodes.some(({ address }) => address === own))
    return [
      mistake(path, `(${own}) must not be a node's address`, "it moves between nodes: choose a free one"),
    ];
  const network = networkOf(given.subnet ?? given.vip);
  return given.subnet === undefined && !isInside(own, network)
    ? [
        mistake(
          path,
          `(${own}) must be in the subnet of \`vip\``,
          "nobody would find it elsewhere; if a route leads to it, say so with `subnet`, the nodes' network",
        ),
      ]
    : [];
});

/** Two instances with one number on a network take each other's adverts for their own. */
const routerIds: Rule<AddressGiven> = {
  of: ["address.vips", "vip", "virtualRouterId"],
  check: ({ address: { vips }, vip: main, virtualRouterId: first }) => {
    const ids = vips.map(({ vip, virtualRouterId }, i) => {
      const said = i === 0 ? first : virtualRouterId;
      const known = parseVip(i === 0 ? main : (vip ?? ""));
      return said ?? (known && routerIdOf(known));
    });
    return ids.flatMap((id, i) =>
      id !== undefined && ids.indexOf(id) < i
        ? [
            mistake(
              pathOf(i, "virtualRouterId"),
              `(${id}) is that of ${vips[ids.indexOf(id)]?.name} too`,
              "give each VIP a number of its own, 1 to 255",
            ),
          ]
        : [],
    );
  },
};

const preferred = ofEach(["nodes[].name"], ({ preferred: node }, i, { nodes }) =>
  node === undefined || nodes.some(({ name }) => name === node)
    ? []
    : [
        mistake(
          pathOf(i, "preferred"),
          `(${node}) is no node`,
          `the nodes are ${nodes.map(({ name }) => name).join(", ")}`,
        ),
      ],
);

/** With `nopreempt` a holder keeps the VIP whatever its priority is. */
const weights = ofEach(["keepalived.preempt"], ({ checks, preempt }, i, { keepalived }) =>
  (preempt ?? keepalived.preempt)
    ? []
    : checks.flatMap(({ weight }, j) =>
        weight === undefined
          ? []
          : [
              mistake(
                pathOf(i, `checks[${j}].weight`),
                "does nothing without `preempt`",
                `set \`${pathOf(i, "preempt")}\` to true, or remove the weight`,
              ),
            ],
      ),
);

const delays = ofEach(["keepalived.preempt"], ({ preempt, preemptDelay }, i, { keepalived }) =>
  preemptDelay && !(preempt ?? keepalived.preempt)
    ? [
        mistake(
          pathOf(i, "preemptDelay"),
          "does nothing without `preempt`",
          "set that to true, or remove the delay",
        ),
      ]
    : [],
);

/** A unit of two VIPs would be stopped by the one and started by the other. */
const units: Rule<AddressGiven> = {
  of: ["address.vips"],
  check: ({ address: { vips } }) =>
    doubles(vips.flatMap((vip) => vip.units)).map((unit) =>
      mistake(
        "address.vips",
        `has the unit ${unit} at two VIPs`,
        "a unit moves with one VIP: take the other one out",
      ),
    ),
};

export const addressRules: Rule<AddressGiven>[] = [
  place,
  names,
  addresses,
  routerIds,
  preferred,
  weights,
  delays,
  units,
];
