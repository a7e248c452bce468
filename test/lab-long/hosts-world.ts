import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { shellQuote } from "../../domain/shell-quote";
import { type LabDescription, startLab, stopLab } from "../../lab";
import { insideLab } from "../../lab/environment";
import { packageRoot } from "../../local/root";
import { type RunResult, tryRun } from "../../local/run";
import { newKeyPair } from "../../providers/vagrant/keys";
import { unasked } from "../lab/unasked";
import { patient } from "./patient";

const say = (line: string): void => console.log(line);
const program = join(packageRoot, "cli", "bootstrap.mjs");

/** The stack of hosts; its file is made by the test. */
const stack = "test-hosts";
const stackFile = join(packageRoot, `Pulumi.${stack}.yaml`);

/** A Vagrantfile as somebody writes it by hand, who has never heard of this project. */
function vagrantfile(lab: LabDescription, hosts: Record<string, string>, publicKey: string): string {
  return `
hosts = ${JSON.stringify(hosts)}
Vagrant.configure("2") do |config|
  config.vm.box = ${JSON.stringify(lab.box.name)}
  config.vm.box_version = ${JSON.stringify(lab.box.version)}
  config.vm.box_check_update = false
  config.vm.guest = :debian
  config.vm.boot_timeout = 600
  config.ssh.insert_key = false
  config.vm.synced_folder ".", "/vagrant", disabled: true
  config.vm.provider "libvirt" do |v|
    v.uri = ${JSON.stringify(lab.libvirtUri)}
    v.driver = ${JSON.stringify(lab.accelerator === "kvm" ? "kvm" : "qemu")}
${lab.accelerator === "kvm" ? "" : '    v.cpu_mode = "custom"\n    v.cpu_model = "qemu64"\n'}    v.cpus = 2
    v.memory = 900
    v.graphics_type = "none"
    v.video_type = "none"
    v.disk_driver :cache => "unsafe"
    v.management_network_keep = true
    v.default_prefix = "own_"
  end
  hosts.each do |name, address|
    config.vm.define name do |host|
      host.vm.network "private_network", ip: address, netmask: "255.255.255.0",
        libvirt__network_name: ${JSON.stringify(lab.privateNetwork.name)}, libvirt__dhcp_enabled: false,
        libvirt__forward_mode: "none", libvirt__always_destroy: false
      host.vm.provision "shell", inline: "hostnamectl set-hostname #{name}; " \\
        "echo '${publicKey}' >> /home/vagrant/.ssh/authorized_keys; " \\
        "mkdir -p /etc/keepalived; echo '# of the owner' > /etc/keepalived/keepalived.conf; " \\
        "docker volume create owners-volume; " \\
        "echo kept > /etc/owners-file; systemctl disable --now keepalived || true"
    end
  end
end
`;
}

/** All that must be the same afterwards, as lines: files with their sums, folders, units, groups, addresses, Docker's. */
const inventory = [
  "find /etc /usr/local /opt /srv -xdev -type f ! -name 'group-' ! -name 'gshadow-' -exec md5sum {} + | sort -k2",
  "find / /etc /var/lib -xdev -maxdepth 1 -type d | sort -u",
  "systemctl list-unit-files --no-legend | awk '{print $1, $2}' | grep -v '\\.mount$' | sort",
  "id vagrant",
  "ip -o -4 addr show | awk '{print $2, $4}' | grep -v docker0 | sort",
  "docker ps -a --format '{{.Names}}'",
  "docker volume ls -q",
  "nft list tables",
].join("; ");

/** A lab of the test's own, machines in it that plain Vagrant made, and the commands of this project in its shell. */
export class HostsWorld {
  private constructor(
    private readonly folder: string,
    private readonly lab: LabDescription,
    readonly keyFile: string,
    private readonly addresses: Record<string, string>,
  ) {}

  static async start(addresses: Record<string, string>): Promise<HostsWorld> {
    process.env.HA_RANCHER_LAB_NAME = "hosts";
    const folder = mkdtempSync(join(tmpdir(), "ha-rancher-hosts-"));
    process.env.XDG_DATA_HOME = join(folder, "data");
    const lab = await startLab(say);
    const keyFile = join(folder, "key");
    const { privateKey, publicKey } = newKeyPair("owner");
    writeFileSync(keyFile, privateKey, { mode: 0o600 });
    const world = new HostsWorld(folder, lab, keyFile, addresses);
    mkdirSync(join(folder, "vagrant"));
    writeFileSync(join(folder, "vagrant", "Vagrantfile"), vagrantfile(lab, addresses, publicKey));
    await world.must(["vagrant", "up"], world.vagrantFolder);
    return world;
  }

  private get vagrantFolder(): string {
    return join(this.folder, "vagrant");
  }

  async try(argv: string[], cwd = packageRoot): Promise<RunResult> {
    const { command, args, env } = insideLab(this.lab, argv, {
      HA_RANCHER_LAB_NAME: "hosts",
      XDG_DATA_HOME: process.env.XDG_DATA_HOME,
    });
    return await tryRun(command, args, { cwd, env, timeout: 20 * 60_000 });
  }

  /** Gives what it printed; throws with that unless it ended well. */
  async must(argv: string[], cwd = packageRoot): Promise<string> {
    const { code, stdout, stderr } = await this.try(argv, cwd);
    console.log(`--- ${argv.slice(0, 6).join(" ")} -> ${code}\n${stdout}${stderr}`.trimEnd());
    if (code !== 0) throw new Error(`${argv.join(" ")} ended with code ${code}:\n${stdout}${stderr}`);
    return stdout;
  }

  /** Says which of the hosts are nodes of the stack. */
  write(vip: string, names: string[]): void {
    const nodes = names.map((name) => ({
      name,
      address: this.addresses[name],
      host: { user: "vagrant", keyFile: this.keyFile },
    }));
    const config = { vip, nodes, environment: "dev", ...patient };
    const named = Object.entries(config).map(([name, value]) => [`ha-rancher:${name}`, value]);
    writeFileSync(stackFile, JSON.stringify({ config: Object.fromEntries(named) }));
  }

  /** A command of this project, in the lab's network as in its shell. */
  haRancher(command: string, ...args: string[]): Promise<RunResult> {
    return this.try([process.execPath, program, command, "--stack", stack, ...unasked(command), ...args]);
  }

  mustHaRancher(command: string, ...args: string[]): Promise<string> {
    return this.must([process.execPath, program, command, "--stack", stack, ...unasked(command), ...args]);
  }

  /** Runs a command as root on a host, over Vagrant's own way in. */
  on(name: string, command: string): Promise<string> {
    return this.must(["vagrant", "ssh", name, "--", `sudo sh -c ${shellQuote(command)}`], this.vagrantFolder);
  }

  inventory(name: string): Promise<string> {
    return this.on(name, inventory);
  }

  /** Cuts a host's power, or gives it back. */
  async power(name: string, on: boolean): Promise<void> {
    await this.must(on ? ["vagrant", "up", name] : ["virsh", "destroy", `own_${name}`], this.vagrantFolder);
  }

  /** Takes all away, whatever happened. */
  async end(): Promise<void> {
    rmSync(stackFile, { force: true });
    await stopLab(say);
    rmSync(this.folder, { recursive: true, force: true });
  }
}
