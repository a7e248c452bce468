import type * as pulumi from "@pulumi/pulumi";
import type { SshEndpoint } from "../providers/remote/endpoint";

/** What every node is said to be, whether it is made or exists. */
export interface NodeIdentity {
  /** Unique within the stack, a host name: lower-case letters, digits, dashes. Plain: resources are named after it. */
  name: string;
  /** IPv4 address on the nodes' network, without prefix. */
  address: pulumi.Input<string>;
  /** IPv6 address on that network, without prefix, for IPv6 VIPs; whoever makes the node gives it that address. */
  address6?: pulumi.Input<string> | undefined;
  /** VRRP priority, 1 to 254, distinct: the highest is preferred at the start. Plain: it decides the order of changes. */
  priority: number;
}

/** A machine that can hold the VIP. Made with Vagrant or not: afterwards nobody needs to know which. */
export interface Node extends NodeIdentity {
  /** The network interface that carries the address, as found on the node, such as `eth1`. */
  interface: pulumi.Output<string>;
  /** How to log in; secret, since it holds the private key. */
  ssh: pulumi.Output<SshEndpoint>;
  /** What makes the node, or takes it: all that lives on the node comes after it. */
  resource: pulumi.Resource;
  /** True if the node ends with its resource, and with it all that lives there; else that is taken off one by one. */
  endsWithResource: boolean;
}
