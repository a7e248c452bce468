import * as pulumi from "@pulumi/pulumi";
import { HaRancher } from "ha-rancher/components";
import { parseSettings } from "ha-rancher/settings";

/*
 * ha-rancher in a program of one's own: the same component that index.ts of the package makes, with settings that
 * come from the program. What else the program makes can use its outputs.
 */

const config = new pulumi.Config();

/** Everything is text here, lists as JSON, as in a stack's file; wrong settings are refused before anything is made. */
const settings = parseSettings({
  vip: "192.168.56.40/24",
  nodes: JSON.stringify([
    { name: "left", address: "192.168.56.41" },
    { name: "right", address: "192.168.56.42" },
    { name: "third", address: "192.168.56.43" },
  ]),
  preset: "steady",
});

const rancher = new HaRancher("rancher", settings);

export const url = rancher.url;
export const currentMaster = rancher.currentMaster;
/** For the zone file: whoever holds the VIP, the name leads there. */
export const record = `${config.require("domain")}. 60 IN A ${rancher.vip}`;
