import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Kept } from "ha-rancher/providers/remote";
import { Machine, type MachineArgs } from "ha-rancher/providers/vagrant";
import { Members } from "ha-rancher/providers/vip";

/** Machines of machines.json, with what is on them: it takes the machines' outputs, and does nothing when it is made. */
const machines = Object.entries(
  JSON.parse(readFileSync(join(process.cwd(), "machines.json"), "utf8")) as Record<string, MachineArgs>,
).map(([name, args]) => {
  const machine = new Machine(name, args);
  for (let i = 1; i <= 15; i++)
    new Kept(`${name}-thing-${i}`, {
      ssh: machine.ssh,
      look: machine.interface.apply((it) => `true ${it}`),
      mend: "true",
    });
  return { name, machine };
});

new Members("members", {
  vip: "192.0.2.10",
  endpoints: Object.fromEntries(machines.map(({ name, machine }) => [name, machine.ssh])),
  order: machines.map(({ name }) => name),
});
