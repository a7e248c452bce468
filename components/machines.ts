import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { Machine, type MachineArgs, type NetworkArgs, type PortArgs } from "../providers/vagrant";
import { Component } from "./component";
import type { Node, NodeIdentity } from "./node";

/** A node that is made as a machine, and what that machine has of its own. */
export interface MachineNodeArgs extends NodeIdentity {
  /** Ports of this host that lead to the machine's; default: SSH's alone. */
  ports?: PortArgs[] | undefined;
  /** Ports of this host to choose from, first and last; default 22000 to 22999. */
  usablePorts?: MachineArgs["usablePorts"] | undefined;
}

/** What all machines are made of: box, size, networks. Inputs of {@link Machine} keep their names and meaning. */
export interface MachineTemplate
  extends Pick<
    MachineArgs,
    | "hypervisor"
    | "box"
    | "boxVersion"
    | "boxUrl"
    | "boxChecksum"
    | "guest"
    | "networkd"
    | "cpus"
    | "memory"
    | "libvirt"
  > {
  /** Absolute path on this host: each machine's folder is made below it, by the node's name. */
  directory: string;
  /** Bits of the nodes' network, such as 24. */
  prefix: number;
  /** Whose machines they are, `PROJECT/STACK`: two owners never take each other's. */
  owner: string;
  /** Interfaces of this host, the first that exists is bridged; default: a network of this host and its machines alone. */
  bridge?: string[];
  /** The hypervisor's name of that network; default: the one that has the addresses' subnet. */
  privateNetwork?: pulumi.Input<string> | undefined;
  /** True for one more interface, on a private network with DHCP; default false. */
  dhcpNetwork?: boolean | undefined;
}

/** What {@link Machines} takes. */
export interface MachinesArgs {
  /** The machines. Plain, as a list: it decides how many there are. */
  nodes: MachineNodeArgs[];
  template: MachineTemplate;
}

/** A machine's interfaces: the nodes' network, which is this host's own where it is bridged, and one with DHCP. */
function networksOf({ address }: NodeIdentity, template: MachineTemplate): NetworkArgs[] {
  const { bridge = [], prefix, privateNetwork, dhcpNetwork } = template;
  const own = pulumi.interpolate`${address}/${prefix}`;
  return [
    bridge.length > 0
      ? { type: "public", bridge, address: own }
      : { type: "private", address: own, ...(privateNetwork !== undefined && { name: privateNetwork }) },
    ...(dhcpNetwork ? [{ type: "private" as const }] : []),
  ];
}

/** One machine as a child of a component, and the node that it is. */
export function makeMachine(
  node: MachineNodeArgs,
  template: MachineTemplate,
  component: Component,
  opts: pulumi.CustomResourceOptions = {},
): Node {
  const { directory, owner, prefix, bridge, privateNetwork, dhcpNetwork, ...alike } = template;
  const { ports, usablePorts, ...identity } = node;
  const machine = new Machine(
    component.childName(node.name),
    {
      name: node.name,
      owner: `${owner}/${node.name}`,
      directory: join(directory, node.name),
      ...alike,
      networks: networksOf(node, template),
      ...(ports && { ports }),
      ...(usablePorts && { usablePorts }),
    },
    { ...component.childOptions(node.name), ...opts },
  );
  return {
    ...identity,
    interface: machine.interface,
    ssh: machine.ssh,
    resource: machine,
    endsWithResource: true,
  };
}

/** The nodes that are made: as Vagrant machines, one resource each. */
export class Machines extends Component {
  readonly nodes: Node[];

  constructor(name: string, args: MachinesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("Machines", name, {}, opts);
    this.nodes = args.nodes.map((node) => makeMachine(node, args.template, this));
    this.registerOutputs({});
  }
}
