import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Host, type HostArgs } from "ha-rancher/providers/host";
import { Password } from "ha-rancher/providers/password";
import { Files, Kept } from "ha-rancher/providers/remote";
import { Machine, type MachineArgs } from "ha-rancher/providers/vagrant";
import { Members } from "ha-rancher/providers/vip";

/** A machine, a host, and what needs no more of them than a login. */
const { machine, host, file, owner } = JSON.parse(
  readFileSync(join(process.cwd(), "world.json"), "utf8"),
) as {
  machine: MachineArgs;
  host: HostArgs;
  file: string;
  owner: string;
};

const one = new Machine("one", machine);
const two = new Host("two", host);
new Password("password");
new Files("file", { ssh: two.ssh, files: { [file]: { content: "hello\n", owner } } });
new Kept("kept", { ssh: two.ssh, look: "true", mend: "true" });
new Members("members", {
  vip: "192.0.2.10",
  endpoints: { one: one.ssh, two: two.ssh },
  order: ["one", "two"],
});
