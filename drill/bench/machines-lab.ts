import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MachinesLab } from "../rig/vagrant/machines-lab";
import { median } from "../statistics";
import { simpleBench } from "./command";
import { type Report, row } from "./report";
import { secondsOf } from "./stopwatch";

/*
 * Two libvirt machines in a lab of their own: made by this project's provider, and made by plain Vagrant. The plain
 * Vagrantfile is written by hand for the same machines, with everything that saves time here. The benchmark needs what
 * the lab's tests need.
 */

const addresses: Record<string, string> = { one: "192.168.56.31", two: "192.168.56.32" };
const rounds = 3;

function handWritten({ lab }: MachinesLab): string {
  const machines = Object.entries(addresses).map(
    ([name, address]) => `
  config.vm.define "${name}" do |machine|
    machine.vm.network "private_network", ip: "${address}", netmask: "255.255.255.0",
      libvirt__network_name: "${lab.privateNetwork.name}", libvirt__always_destroy: false
    machine.vm.provision "shell", inline: "echo ${name} > /etc/hostname; hostname ${name}"
  end`,
  );
  const emulated = `libvirt.cpu_mode = "custom"
    libvirt.cpu_model = "qemu64"
    libvirt.disk_driver :cache => "unsafe"`;
  return `Vagrant.configure("2") do |config|
  config.vm.box = "${lab.box.name}"
  config.vm.box_version = "${lab.box.version}"
  config.vm.box_check_update = false
  config.vm.guest = :debian
  config.ssh.insert_key = false
  config.vm.synced_folder ".", "/vagrant", disabled: true
  config.vm.provider "libvirt" do |libvirt|
    libvirt.uri = "${lab.libvirtUri}"
    libvirt.driver = "${lab.accelerator === "kvm" ? "kvm" : "qemu"}"
    ${lab.accelerator === "kvm" ? "" : emulated}
    libvirt.cpus = 1
    libvirt.memory = 768
    libvirt.graphics_type = "none"
    libvirt.video_type = "none"
    libvirt.management_network_name = "${lab.managementNetwork.name}"
    libvirt.management_network_address = "${lab.managementNetwork.cidr}"
    libvirt.management_network_keep = true
  end
${machines.join("\n")}
end
`;
}

/** up, preview, refresh and destroy of two machines; after each round the same by plain Vagrant. */
async function machinesLab(say: (line: string) => void): Promise<Report> {
  const own = await MachinesLab.start();
  try {
    const plain = join(own.folder, "plain");
    mkdirSync(plain);
    writeFileSync(join(plain, "Vagrantfile"), handWritten(own));
    const vagrant = (...args: string[]): Promise<string> =>
      own.must("sh", "-c", `cd "$0" && exec vagrant "$@"`, plain, ...args);
    const times: Record<string, number[]> = {};
    const measure = async (what: string, action: () => Promise<unknown>): Promise<void> => {
      const took = await secondsOf(action);
      say(`${what}: ${took.toFixed(1)} s`);
      times[what] = [...(times[what] ?? []), took];
    };
    for (let round = 0; round < rounds; round++) {
      for (const [name, address] of Object.entries(addresses))
        own.set(name, own.argsOf(name, `${address}/24`));
      await measure("up", () => own.pulumi("up"));
      await measure("preview without changes", () => own.pulumi("preview", "--expect-no-changes"));
      await measure("refresh", () => own.pulumi("refresh"));
      await measure("destroy", () => own.pulumi("destroy"));
      await measure("vagrant up", () => vagrant("up", "--provider", "libvirt"));
      await measure("vagrant status", () => vagrant("status"));
      await measure("vagrant destroy", () => vagrant("destroy", "--force"));
    }
    const of = (what: string): number[] => times[what] ?? [];
    return {
      name: "machines-lab",
      rows: [
        row("vagrant up of two, the baseline of up", "s", of("vagrant up")),
        row("up of two", "s", of("up"), median(of("vagrant up"))),
        row("vagrant status, the baseline of preview and refresh", "s", of("vagrant status")),
        row("preview without changes", "s", of("preview without changes"), median(of("vagrant status"))),
        row("refresh", "s", of("refresh"), median(of("vagrant status"))),
        row("vagrant destroy, the baseline of destroy", "s", of("vagrant destroy")),
        row("destroy", "s", of("destroy"), median(of("vagrant destroy"))),
      ],
    };
  } finally {
    await own.end();
  }
}

export const bench = simpleBench(
  "machines-lab",
  "two real machines in a lab, beside plain Vagrant",
  machinesLab,
);
