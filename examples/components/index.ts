import { homedir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { debianBox } from "ha-rancher/providers/vagrant";
import { HaRancher } from "ha-rancher/workloads/rancher";

/*
 * ha-rancher in a program of one's own: the same component that index.ts of the package makes, here of three machines
 * and with this machine's NFS server. What else the program makes can use its outputs, and give it inputs.
 */

const config = new pulumi.Config();
const stack = pulumi.getStack();
const folder = join(config.get("directory") ?? join(homedir(), "ha-rancher"), stack);

const rancher = new HaRancher("rancher", {
  id: `own-program-${stack}`,
  nodes: [
    { name: "left", address: "192.168.56.41" },
    { name: "right", address: "192.168.56.42" },
    { name: "third", address: "192.168.56.43" },
  ],
  machines: {
    hypervisor: "libvirt",
    ...debianBox(),
    memory: 4096,
    prefix: 24,
    directory: join(folder, "machines"),
    owner: `own-program/${stack}`,
  },
  floatingIp: { vip: { address: "192.168.56.40", prefix: 24 }, advertInterval: 1 },
  storage: { kind: "host", address: "192.168.56.1", directory: join(folder, "data") },
  rancher: { hostname: config.require("domain") },
});

export const url = rancher.url;
export const currentMaster = rancher.currentMaster;
/** For the zone file: whoever holds the VIP, the name leads there. */
export const record = `${config.require("domain")}. 60 IN A ${rancher.vip}`;
