import type * as pulumi from "@pulumi/pulumi";
import type { SshEndpoint } from "../providers/remote/endpoint";

/** A machine that can hold the VIP. Made with Vagrant or not: afterwards nobody needs to know which. */
export interface Node {
  /** Unique within the stack; also its host name and its NFS client identity's last part. */
  name: string;
  /** IPv4 address on the VIP's network, without prefix. */
  address: string;
  /** IPv6 address on that network, for IPv6 VIPs; whoever makes the node gives it that address. */
  address6?: string | undefined;
  /** The network interface that carries the address, as found on the node, such as `eth1`. */
  interface: pulumi.Output<string>;
  /** How to log in; secret, since it holds the private key. */
  ssh: pulumi.Output<SshEndpoint>;
  /** VRRP priority, 1 to 254; no two nodes share one. */
  priority: number;
  /** What makes the node, or takes it: all that lives on the node comes after it. */
  resource: pulumi.Resource;
  /** True if the node ends with its resource, and with it all that lives there; else that is taken off one by one. */
  endsWithResource: boolean;
}
