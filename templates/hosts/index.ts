import { homedir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { HaRancher } from "ha-rancher/workloads/rancher";

const config = new pulumi.Config();
const stack = `${pulumi.getProject()}-${pulumi.getStack()}`;
const host = { user: config.require("user"), privateKey: config.requireSecret("privateKey") };

const rancher = new HaRancher("rancher", {
  id: stack,
  nodes: [
    { name: "left", address: config.require("left"), host },
    { name: "right", address: config.require("right"), host },
  ],
  hosts: {
    directory: join(homedir(), ".local", "share", "ha-rancher-programs", stack, "hosts"),
    owner: `${pulumi.getProject()}/${pulumi.getStack()}`,
  },
  floatingIp: { vip: { address: config.require("vip"), prefix: 24 } },
  storage: { kind: "server", address: config.require("nfsServer"), path: config.require("nfsPath") },
});

export const url = rancher.url;
export const currentMaster = rancher.currentMaster;
export const bootstrapPassword = rancher.bootstrapPassword;
