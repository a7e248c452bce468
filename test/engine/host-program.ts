import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Host, type HostArgs } from "ha-rancher/providers/host";

/** A program with one host for each entry of hosts.json, as a user of the package would write it. */
const hosts = JSON.parse(readFileSync(join(process.cwd(), "hosts.json"), "utf8")) as Record<string, HostArgs>;

for (const [name, args] of Object.entries(hosts)) exports[name] = new Host(name, args).interface;
