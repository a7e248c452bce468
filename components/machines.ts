import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { Machine } from "../providers/vagrant";
import type { Settings } from "../settings";
import type { Node } from "./node";
import type { Place } from "./place";

/** The nodes as Vagrant machines, one resource each. */
export class Machines extends pulumi.ComponentResource {
  readonly nodes: Node[];

  constructor(name: string, settings: Settings, place: Place, opts?: pulumi.ComponentResourceOptions) {
    super("ha-rancher:components:Machines", name, {}, opts);
    this.nodes = settings.nodes.map((node) => {
      const machine = new Machine(
        node.name,
        {
          name: node.name,
          directory: join(place.machinesDirectory, node.name),
          box: place.box,
          boxVersion: place.boxVersion,
          guest: place.guest,
          networkd: place.networkd,
          hypervisor: place.hypervisor,
          cpus: settings.cpus,
          memory: place.memory,
          networks: [
            {
              type: "private",
              address: `${node.address}/${settings.subnet.prefix}`,
              name: place.privateNetwork,
            },
          ],
          libvirt: place.libvirt,
        },
        { parent: this },
      );
      return {
        name: node.name,
        address: node.address,
        address6: node.address6,
        interface: machine.interface,
        ssh: machine.ssh,
        priority: node.priority,
        resource: machine,
      };
    });
    this.registerOutputs({});
  }
}
