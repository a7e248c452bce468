import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { Host, type HostArgs } from "ha-rancher/providers/host";
import { Files, Kept } from "ha-rancher/providers/remote";
import { Machine, type MachineArgs } from "ha-rancher/providers/vagrant";
import { Members } from "ha-rancher/providers/vip";

/** A machine and, as long as host.json is there, a host, with what is made on each, and on both. */
const read = <T>(name: string): T => JSON.parse(readFileSync(join(process.cwd(), name), "utf8")) as T;

class Software extends pulumi.ComponentResource {}

const software = new Software("test:Software", "software");
const on = { parent: software };

const one = new Machine("one", read<{ one: MachineArgs }>("machines.json").one, on);
const endpoints: Record<string, Machine["ssh"]> = { one: one.ssh };
const after: pulumi.Resource[] = [];

if (existsSync("host.json")) {
  const { path, owner, ...args } = read<HostArgs & { path: string; owner: string }>("host.json");
  const two = new Host("two", args, on);
  endpoints.two = two.ssh;
  const file = new Files("two-file", { ssh: two.ssh, files: { [path]: { content: "x\n", owner } } }, on);
  after.push(
    new Kept("two-kept", { ssh: two.ssh, look: "true", mend: "true" }, { ...on, dependsOn: [file] }),
  );
}

const members = new Members(
  "members",
  { vip: "192.0.2.10", endpoints, order: Object.keys(endpoints) },
  { ...on, dependsOn: after },
);
new Kept(
  "one-kept",
  { ssh: one.ssh, look: "true", mend: "true" },
  { ...on, dependsOn: [members], deletedWith: one },
);
