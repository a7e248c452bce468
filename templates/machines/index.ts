import { homedir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type { HypervisorName } from "ha-rancher/providers/vagrant";
import { HaRancher } from "ha-rancher/workloads/rancher";

const config = new pulumi.Config();
const stack = `${pulumi.getProject()}-${pulumi.getStack()}`;
const folder = join(homedir(), ".local", "share", "ha-rancher-programs", stack);

const rancher = new HaRancher("rancher", {
  id: stack,
  nodes: [
    { name: "left", address: config.require("left") },
    { name: "right", address: config.require("right") },
  ],
  machines: {
    hypervisor: config.require<HypervisorName>("hypervisor"),
    box: config.require("box"),
    memory: 4096,
    prefix: 24,
    directory: join(folder, "machines"),
    owner: `${pulumi.getProject()}/${pulumi.getStack()}`,
  },
  floatingIp: { vip: { address: config.require("vip"), prefix: 24 } },
  storage: { kind: "host", address: config.require("gateway"), directory: join(folder, "data") },
});

export const url = rancher.url;
export const currentMaster = rancher.currentMaster;
export const bootstrapPassword = rancher.bootstrapPassword;
