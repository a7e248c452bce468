import { homedir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { HaService, type Workload } from "ha-rancher/components";
import type { HypervisorName } from "ha-rancher/providers/vagrant";

const config = new pulumi.Config();
const stack = `${pulumi.getProject()}-${pulumi.getStack()}`;
const folder = join(homedir(), ".local", "share", "ha-rancher-programs", stack);
const vip = { address: config.require("vip"), prefix: 24 };
const dataDirectory = "/registry_data";

// Your service: a container that keeps its data in one folder, and pages that say whether it is well.
const workload: Workload = {
  title: "The registry",
  name: "registry",
  container: {
    image: "registry:2.8.3",
    ports: [{ internal: 5000, external: 5000 }],
    mounts: [{ type: "bind", source: dataDirectory, target: "/var/lib/registry" }],
    health: [{ url: "http://127.0.0.1:5000/" }],
  },
  url: `http://${vip.address}:5000`,
  answers: { path: "/v2/", body: "{}" },
  healthy: { path: "/" },
  startDeadline: 60,
  stopGrace: 10,
  causes: [],
};

const service = new HaService("registry", {
  id: stack,
  nodes: [
    { name: "left", address: config.require("left") },
    { name: "right", address: config.require("right") },
  ],
  machines: {
    hypervisor: config.require<HypervisorName>("hypervisor"),
    box: config.require("box"),
    prefix: 24,
    directory: join(folder, "machines"),
    owner: `${pulumi.getProject()}/${pulumi.getStack()}`,
  },
  floatingIp: { vip },
  storage: { kind: "host", address: config.require("gateway"), directory: join(folder, "data") },
  dataDirectory,
  workload,
});

export const url = service.url;
export const currentMaster = service.currentMaster;
