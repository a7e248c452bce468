import { homedir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { FloatingIp, Hosts } from "ha-rancher/components";

/*
 * A floating IP alone, on two hosts that exist: whatever runs there already is reached by it. It moves when a host, its
 * network, keepalived, or the program named by `process` fails. `pulumi destroy` takes all of it off the hosts again.
 */

const config = new pulumi.Config();
const stack = pulumi.getStack();
const vip = { address: config.require("vip"), prefix: config.getNumber("prefix") ?? 24 };
const login = { user: config.require("user"), privateKey: config.requireSecret("privateKey") };
const process = config.get("process");

const { nodes } = new Hosts("web", {
  nodes: [
    { name: "left", address: config.require("left"), priority: 150, host: login },
    { name: "right", address: config.require("right"), priority: 140, host: login },
  ],
  vips: [vip.address],
  directory: join(homedir(), ".local", "share", "floating-ip", stack),
  owner: `${pulumi.getProject()}/${stack}`,
});

const floatingIp = new FloatingIp("web", {
  nodes,
  vip,
  ...(process !== undefined && { track: { processes: [process] } }),
});

export const address = floatingIp.vip.address;
/** Seconds that nobody has it: at most, after a crash and in a planned move. */
export const takeover = floatingIp.takeover;
