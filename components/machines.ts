import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { Machine, type NetworkArgs } from "../providers/vagrant";
import type { NodeSettings, Settings } from "../settings";
import type { Node } from "./node";
import type { MachinePlace, Place } from "./place";

/** A machine's interfaces: the nodes' network, which is this machine's own where it is bridged, and one with DHCP. */
function networksOf({ address }: NodeSettings, settings: Settings, place: MachinePlace): NetworkArgs[] {
  const { bridge, subnet, dhcpNetwork } = settings;
  const own = `${address}/${subnet.prefix}`;
  return [
    bridge.length > 0
      ? { type: "public", bridge, address: own }
      : { type: "private", address: own, name: place.privateNetwork },
    ...(dhcpNetwork ? [{ type: "private" as const }] : []),
  ];
}

/**
 * One machine, and the node that it is.
 *
 * @throws if the place has nothing to make machines of
 */
export function makeMachine(
  node: NodeSettings,
  settings: Settings,
  { machines }: Place,
  opts: pulumi.CustomResourceOptions,
): Node {
  if (!machines) throw new Error("the place has nothing to make machines of");
  const machine = new Machine(
    node.name,
    {
      name: node.name,
      directory: join(machines.directory, node.name),
      box: machines.box,
      boxVersion: machines.boxVersion,
      boxUrl: settings.boxUrl,
      boxChecksum: settings.boxChecksum,
      guest: machines.guest,
      networkd: machines.networkd,
      hypervisor: machines.hypervisor,
      cpus: settings.cpus,
      memory: machines.memory,
      networks: networksOf(node, settings, machines),
      ports: node.machine?.ports,
      usablePorts: node.machine?.usablePorts,
      libvirt: machines.libvirt,
    },
    opts,
  );
  return {
    name: node.name,
    address: node.address,
    address6: node.address6,
    interface: machine.interface,
    ssh: machine.ssh,
    priority: node.priority,
    resource: machine,
    endsWithResource: true,
  };
}

/** The nodes that are made: as Vagrant machines, one resource each. */
export class Machines extends pulumi.ComponentResource {
  readonly nodes: Node[];

  constructor(name: string, settings: Settings, place: Place, opts?: pulumi.ComponentResourceOptions) {
    super("ha-rancher:components:Machines", name, {}, opts);
    const made = settings.nodes.filter(({ host }) => !host);
    this.nodes = made.map((node) => makeMachine(node, settings, place, { parent: this }));
    this.registerOutputs({});
  }
}
