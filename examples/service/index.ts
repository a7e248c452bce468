import { homedir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { HaService, type Workload } from "ha-rancher/components";
import { debianBox } from "ha-rancher/providers/vagrant";

/*
 * A service of one's own: a registry for container images, with its data on this machine's NFS server. It runs on one of
 * two machines at a time, and on the other one after a fault.
 */

const config = new pulumi.Config();
const stack = pulumi.getStack();
const folder = join(config.get("directory") ?? join(homedir(), "ha-registry"), stack);
const vip = { address: "192.168.56.50", prefix: 24 };
const dataDirectory = "/registry_data";

const registry: Workload = {
  title: "The registry",
  name: "registry",
  container: {
    image: "registry:2.8.3",
    ports: [{ internal: 5000, external: 5000 }],
    mounts: [{ type: "bind", source: dataDirectory, target: "/var/lib/registry" }],
    health: [{ url: "http://127.0.0.1:5000/" }],
  },
  secretEnvironment: { REGISTRY_HTTP_SECRET: config.requireSecret("httpSecret") },
  url: `http://${vip.address}:5000`,
  answers: { path: "/v2/", body: "{}" },
  healthy: { path: "/" },
  startDeadline: 60,
  stopGrace: 10,
  causes: [
    { pattern: "no space left on device", meaning: "the disk of the NFS server is full: make room there" },
  ],
};

const service = new HaService("registry", {
  id: `ha-registry-${stack}`,
  nodes: [
    { name: "left", address: "192.168.56.51" },
    { name: "right", address: "192.168.56.52" },
  ],
  machines: {
    hypervisor: "libvirt",
    ...debianBox(),
    prefix: 24,
    directory: join(folder, "machines"),
    owner: `ha-registry/${stack}`,
  },
  floatingIp: { vip },
  storage: { kind: "host", address: "192.168.56.1", directory: join(folder, "data") },
  dataDirectory,
  workload: registry,
});

export const url = service.url;
export const currentMaster = service.currentMaster;
