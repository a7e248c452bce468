import type { FakeHypervisor, FakeMachine } from "./fake-hypervisor";

/* Stand for `virsh` and `VBoxManage` in tests: the commands that the provider gives, in those programs' own words. */

const virshStates: Record<string, string> = { shutoff: "shut off", inaccessible: "running" };

function fail(message: string): void {
  process.stderr.write(`error: ${message}\n`);
  process.exitCode = 1;
}

const byNameOrId = (hypervisor: FakeHypervisor, text: string): FakeMachine | undefined =>
  hypervisor.machines().find(({ uuid, domain }) => uuid === text || domain === text);

function domainState(hypervisor: FakeHypervisor, uuid: string): void {
  const machine = hypervisor.find(uuid);
  hypervisor.note({ command: "virsh domstate", machine: machine?.name ?? "", args: [uuid] });
  if (!machine) {
    fail(`failed to get domain '${uuid}'`);
    return;
  }
  const lease =
    machine.state === "running" ? " vnet1      52:54:00:00:00:01    ipv4         192.168.121.7/24\n" : "";
  process.stdout.write(
    `${virshStates[machine.state] ?? machine.state}\n\n Name       MAC address          Protocol     Address\n${"-".repeat(60)}\n${lease}\n`,
  );
}

const print = (text: string): void => void process.stdout.write(text);

export function virsh(hypervisor: FakeHypervisor, given: readonly string[]): void {
  const [command = "", ...args] = given[0] === "--connect" ? given.slice(2) : given;
  const last = args.at(-1) ?? "";
  const { volumes, networks } = hypervisor.shared();
  if (command.startsWith("domstate ")) {
    domainState(hypervisor, /'(.*?)'/.exec(command)?.[1] ?? "");
    return;
  }
  const commands: Record<string, () => void> = {
    domuuid() {
      const machine = byNameOrId(hypervisor, last);
      if (machine) print(`${machine.uuid}\n\n`);
      else fail(`failed to get domain '${last}'`);
    },
    list: () =>
      print(
        `${hypervisor
          .machines()
          .map(({ domain }) => domain)
          .join("\n")}\n\n`,
      ),
    destroy() {
      const machine = hypervisor.find(last);
      hypervisor.note({ command: "virsh destroy", machine: machine?.name ?? "", args: [...args] });
      if (machine) hypervisor.save({ ...machine, state: "shutoff" });
    },
    "net-list": () => print(`${networks.join("\n")}\n\n`),
    "vol-list": () =>
      print(
        ` Name   Path\n-----------------\n${Object.keys(volumes)
          .map((name) => ` ${name}   /pool/${name}\n`)
          .join("")}\n`,
      ),
    "vol-delete"() {
      const { [last]: _, ...others } = volumes;
      hypervisor.event(`deleted ${last}`);
      hypervisor.share({ volumes: others });
    },
  };
  const action = commands[command];
  if (action) action();
  else fail(`unknown command: '${command}'`);
}

export function vboxManage(hypervisor: FakeHypervisor, [command = "", id = ""]: readonly string[]): void {
  if (command === "list") {
    print(
      hypervisor
        .machines()
        .map(({ domain, uuid }) => `"${domain}" {${uuid}}\n`)
        .join(""),
    );
    return;
  }
  const machine = byNameOrId(hypervisor, id);
  hypervisor.note({ command: "VBoxManage showvminfo", machine: machine?.name ?? "", args: [id] });
  if (machine) print(`name="${machine.domain}"\nUUID="${machine.uuid}"\nVMState="${machine.state}"\n`);
  else fail(`VBoxManage: Could not find a registered machine named '${id}'`);
}
