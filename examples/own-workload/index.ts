import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { HaService } from "ha-rancher/components";
import { debianBox } from "ha-rancher/providers/vagrant";
import { redisWorkload } from "./redis";

const config = new pulumi.Config();
const folder = config.require("directory");
const vip = { address: "192.168.56.90", prefix: 24 };
const dataDirectory = "/redis_data";
const workload = redisWorkload(
  { image: "redis:7.0.15", password: config.requireSecret("password") },
  { vip: vip.address, dataDirectory },
);

const service = new HaService("redis", {
  id: `ha-redis-${pulumi.getStack()}`,
  nodes: [
    { name: "left", address: "192.168.56.91" },
    { name: "right", address: "192.168.56.92" },
  ],
  machines: {
    hypervisor: "libvirt",
    ...debianBox(),
    prefix: 24,
    directory: join(folder, "machines"),
    owner: `ha-redis/${pulumi.getStack()}`,
  },
  floatingIp: { vip },
  storage: { kind: "host", address: "192.168.56.1", directory: join(folder, "data") },
  dataDirectory,
  workload,
});

export const url = service.url;
export const currentMaster = service.currentMaster;
