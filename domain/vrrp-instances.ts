import ipaddr from "ipaddr.js";
import type { OwnVip, Vip, VrrpSpec } from "./vrrp";

/** A node as the others see it. */
export interface VrrpNode {
  name: string;
  address: string;
  /** Needed of all nodes for IPv6 VIPs to have an instance of their own; without, they move with the IPv4 one. */
  address6?: string | undefined;
  /** 1 to 254, distinct between nodes. */
  priority: number;
}

/** The settings of one node's keepalived.conf. */
export interface KeepalivedConf {
  spec: VrrpSpec;
  node: VrrpNode;
  /** The interface that carries the node's address. */
  interface: string;
  /** The other nodes. */
  peers: VrrpNode[];
  /** Of the keepalived on the node, such as `2.2.7`. */
  version: string;
  /** Whether an agent on the node has a say in it, by its track file; default true. */
  agentDecides?: boolean;
}

/** The instance whose state is the node's. */
const mainInstance = "ha_rancher";

const isIpv6 = (vip: Vip): boolean =>
  ipaddr.isValid(vip.address) && ipaddr.parse(vip.address).kind() === "ipv6";

/** An instance of VRRP: one address family. */
export interface Instance {
  name: string;
  own: string;
  peers: string[];
  /** Named in the adverts. All nodes must agree on these, or they do not hear each other. */
  advertised: Vip[];
  /** Move with the others, unnamed: they can be added and removed node by node. */
  silent: Vip[];
}

/** What moves as one: its VIPs, and how. */
export type Floating = Pick<
  VrrpSpec,
  "vip" | "furtherVips" | "virtualRouterId" | "preempt" | "preemptDelay"
> & {
  /** Of its first instance. */
  instance: string;
  /** Where it is one of several. */
  own?: OwnVip;
};

/** The first one's instance has the name that node/keepalived/vrrp-notify knows. */
export const floatingOf = ({ spec }: KeepalivedConf): Floating[] =>
  spec.ownVips?.map((own, i) => ({ ...own, instance: i === 0 ? mainInstance : `vip_${own.name}`, own })) ?? [
    { ...spec, instance: mainInstance },
  ];

/** All instances of a node. */
export const instancesOf = (conf: KeepalivedConf): Instance[] =>
  floatingOf(conf).flatMap((floating) => instancesIn(floating, conf));

/**
 * One, or one for each address family. A VIP whose priority the agent lessens has one: keepalived takes no weights in groups.
 */
export function instancesIn(
  { instance, vip, furtherVips, own }: Floating,
  { node, peers }: KeepalivedConf,
): Instance[] {
  const six = furtherVips.filter(isIpv6);
  const hasOwn = six.length > 0 && !own?.weighed && [node, ...peers].every((each) => each.address6);
  const main: Instance = {
    name: instance,
    own: node.address,
    peers: peers.map((peer) => peer.address),
    advertised: [vip],
    silent: furtherVips.filter((each) => !hasOwn || !isIpv6(each)),
  };
  const [first, ...others] = six;
  if (!hasOwn || !first) return [main];
  const own6 = { own: node.address6 ?? "", peers: peers.map((peer) => peer.address6 ?? "") };
  return [main, { name: `${instance}_6`, ...own6, advertised: [first], silent: others }];
}

/** The node's priority for a VIP: the preferred node has the highest one of all, the others have theirs in their order. */
export function priorityOf({ node, peers }: KeepalivedConf, preferred: string | undefined): number {
  const all = [node, ...peers].sort((one, other) => other.priority - one.priority);
  const first = all.filter(({ name }) => name === preferred);
  const order = [...first, ...all.filter((each) => !first.includes(each))];
  return all[order.indexOf(node)]?.priority ?? node.priority;
}
