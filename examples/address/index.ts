import { homedir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { type AddressVip, HaAddress } from "ha-rancher/workloads/address";

/*
 * nginx on two hosts that exist, behind two floating IPs: each is at home on one host, so that both work, and goes back there.
 * When nginx or a host fails, the other host has both. `pulumi destroy` takes all of it off the hosts again, but for nginx.
 */

const config = new pulumi.Config();
const name = `${pulumi.getProject()}/${pulumi.getStack()}`;
const prefix = config.getNumber("prefix") ?? 24;
const login = { user: config.require("user"), privateKey: config.requireSecret("privateKey") };

/** At home on a host as long as nginx is well there: its page answers, and systemd has it. */
const nginx = (vip: string, preferred: string): AddressVip => ({
  name: `web-${preferred}`,
  vip: { address: vip, prefix },
  ...{ preferred, preempt: true, preemptDelay: 5 },
  checks: [{ http: { port: 80, status: [200, 301, 302, 403, 404] } }, { unit: "nginx.service" }],
});

const web = new HaAddress("web", {
  nodes: [
    { name: "left", address: config.require("left"), host: login },
    { name: "right", address: config.require("right"), host: login },
  ],
  hosts: { directory: join(homedir(), ".local", "share", "address", name), owner: name },
  vips: [nginx(config.require("vip"), "left"), nginx(config.require("otherVip"), "right")],
});

/** Each VIP, with the host that has it as measured. */
export const vips = web.vips;
/** Seconds that nobody has one: at most, after a crash and in a planned move. */
export const takeover = web.takeover;
