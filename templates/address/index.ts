import { homedir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { HaAddress } from "ha-rancher/workloads/address";

const config = new pulumi.Config();
const owner = `${pulumi.getProject()}/${pulumi.getStack()}`;
const login = { user: config.require("user"), privateKey: config.requireSecret("privateKey") };

// What must be well on a host for it to have a floating IP; also `http`, `unit`, `process` and `command`.
const checks = [{ tcp: config.requireNumber("port") }];

const web = new HaAddress("web", {
  nodes: [
    { name: "left", address: config.require("left"), host: login },
    { name: "right", address: config.require("right"), host: login },
  ],
  hosts: { directory: join(homedir(), ".local", "share", "ha-rancher-programs", owner), owner },
  vips: [
    { name: "one", vip: { address: config.require("vip"), prefix: 24 }, preferred: "left", checks },
    { name: "two", vip: { address: config.require("otherVip"), prefix: 24 }, preferred: "right", checks },
  ],
});

export const vips = web.vips;
export const takeover = web.takeover;
