import ipaddr from "ipaddr.js";
import type { MachineInputs } from "./inputs";

/** What a Vagrantfile says besides the inputs. */
export interface Identity {
  /** Unique prefix of the hypervisor's name of the machine. */
  prefix: string;
  /** The domain's UUID, chosen by us so that a machine can be found again; libvirt only. */
  uuid: string;
  keyFile: string;
  publicKey: string;
}

const named: Record<string, string> = { '"': '\\"', "\\": "\\\\", "#": "\\#", "\n": "\\n", "\t": "\\t" };

/**
 * A Ruby string literal with exactly this text: the one way by which text gets into a Vagrantfile.
 * Quotes, backslashes and `#` (interpolation) are escaped; all that is not printable ASCII is written as
 * `\u{...}`, so the literal is one line of ASCII. Half a surrogate pair becomes U+FFFD, since no text has it.
 */
export function rubyString(text: string): string {
  const escaped = Array.from(text, (character) => {
    const code = character.codePointAt(0) ?? 0;
    const known = named[character];
    if (known) return known;
    if (code >= 0x20 && code < 0x7f) return character;
    const surrogate = code >= 0xd800 && code <= 0xdfff;
    return `\\u{${(surrogate ? 0xfffd : code).toString(16)}}`;
  });
  return `"${escaped.join("")}"`;
}

/** A POSIX shell word with exactly this text. */
const shellWord = (text: string): string => `'${text.replace(/'/g, "'\\''")}'`;

/** Name of the provisioner that runs the user's script: `vagrant provision --provision-with script`. */
export const scriptProvisioner = "script";

/**
 * Sets the host name (Vagrant's own `vm.hostname` takes 20 s under emulation) and puts the machine's own key in
 * the place of the well-known insecure one. May run again at any time.
 */
function identityScript(name: string, publicKey: string): string {
  return `set -eu
name=${shellWord(name)}
printf '%s\\n' "$name" > /etc/hostname
hostname "$name"
sed -i '/^127\\.0\\.1\\.1[[:space:]]/d' /etc/hosts
printf '127.0.1.1 %s\\n' "$name" >> /etc/hosts
home=$(getent passwd ${sshUser} | cut -d: -f6)
mkdir -p "$home/.ssh"
printf '%s\\n' ${shellWord(publicKey)} > "$home/.ssh/authorized_keys.new"
chown ${sshUser}: "$home/.ssh" "$home/.ssh/authorized_keys.new"
chmod 700 "$home/.ssh"
chmod 600 "$home/.ssh/authorized_keys.new"
mv -f "$home/.ssh/authorized_keys.new" "$home/.ssh/authorized_keys"
`;
}

/** The user that every Vagrant box has, with passwordless sudo. */
export const sshUser = "vagrant";

function libvirtLines(inputs: MachineInputs, identity: Identity): string[] {
  const { uri, driver, managementNetwork } = inputs.libvirt ?? {};
  return [
    ...(uri ? [`hypervisor.uri = ${rubyString(uri)}`] : []),
    ...(driver ? [`hypervisor.driver = ${rubyString(driver)}`] : []),
    // Emulated processors take any model; a disk of such a machine, meant for trying things, need not survive
    // a power cut of its host, and is much faster for it.
    ...(driver === "qemu"
      ? [
          'hypervisor.cpu_mode = "custom"',
          'hypervisor.cpu_model = "qemu64"',
          'hypervisor.disk_driver :cache => "unsafe"',
        ]
      : []),
    `hypervisor.uuid = ${rubyString(identity.uuid)}`,
    `hypervisor.default_prefix = ${rubyString(identity.prefix)}`,
    `hypervisor.cpus = ${inputs.cpus}`,
    `hypervisor.memory = ${inputs.memory}`,
    'hypervisor.graphics_type = "none"',
    'hypervisor.video_type = "none"',
    ...(managementNetwork
      ? [
          `hypervisor.management_network_name = ${rubyString(managementNetwork.name)}`,
          `hypervisor.management_network_address = ${rubyString(managementNetwork.cidr)}`,
        ]
      : []),
    // A network that was there before, or that a sibling uses, must outlive this machine.
    "hypervisor.management_network_keep = true",
  ];
}

function virtualboxLines(inputs: MachineInputs, identity: Identity): string[] {
  return [
    `hypervisor.name = ${rubyString(identity.prefix + inputs.name)}`,
    "hypervisor.gui = false",
    `hypervisor.cpus = ${inputs.cpus}`,
    `hypervisor.memory = ${inputs.memory}`,
  ];
}

function network(inputs: MachineInputs): string {
  const [address = ""] = inputs.address.split("/");
  const prefix = ipaddr.IPv4.parseCIDR(inputs.address)[1];
  const options = [
    `ip: ${rubyString(address)}`,
    `netmask: ${rubyString(ipaddr.IPv4.subnetMaskFromPrefixLength(prefix).toString())}`,
  ];
  if (inputs.hypervisor === "libvirt") {
    if (inputs.privateNetwork) options.push(`libvirt__network_name: ${rubyString(inputs.privateNetwork)}`);
    options.push("libvirt__always_destroy: false");
  }
  return `config.vm.network "private_network", ${options.join(", ")}`;
}

const provisioner = (name: string, script: string): string =>
  `config.vm.provision ${rubyString(name)}, type: "shell", privileged: true, inline: ${rubyString(script)}`;

/** The Vagrantfile of one machine: a pure function of its inputs and its identity. */
export function vagrantfile(inputs: MachineInputs, identity: Identity): string {
  const hypervisorLines = inputs.hypervisor === "libvirt" ? libvirtLines : virtualboxLines;
  const lines = [
    `config.vm.define ${rubyString(inputs.name)}`,
    `config.vm.box = ${rubyString(inputs.box)}`,
    ...(inputs.boxVersion ? [`config.vm.box_version = ${rubyString(inputs.boxVersion)}`] : []),
    "config.vm.box_check_update = false",
    ...(inputs.guest ? [`config.vm.guest = ${rubyString(inputs.guest)}.to_sym`] : []),
    `config.vm.boot_timeout = ${inputs.timeouts.up}`,
    `config.vm.graceful_halt_timeout = ${inputs.timeouts.halt}`,
    'config.vm.synced_folder ".", "/vagrant", disabled: true',
    network(inputs),
    "",
    // The insecure key opens a fresh machine once; from then on it is the machine's own.
    "insecure_keys = [",
    '  Vagrant.user_data_path.join("insecure_private_key"),',
    '  *Vagrant.user_data_path.join("insecure_private_keys").glob("*"),',
    "].select(&:file?).map(&:to_s)",
    "config.ssh.insert_key = false",
    `config.ssh.guest_port = ${inputs.sshPort}`,
    `config.ssh.private_key_path = [${rubyString(identity.keyFile)}, *insecure_keys]`,
    "",
    `config.vm.provider ${rubyString(inputs.hypervisor)} do |hypervisor|`,
    ...hypervisorLines(inputs, identity).map((line) => `  ${line}`),
    "end",
    "",
    provisioner("identity", identityScript(inputs.name, identity.publicKey)),
    ...(inputs.provision ? [provisioner(scriptProvisioner, inputs.provision)] : []),
  ];
  return [
    "# Generated from the machine's inputs: changes are lost at the next update.",
    'Vagrant.configure("2") do |config|',
    ...lines.map((line) => (line ? `  ${line}` : "")),
    "end",
    "",
  ].join("\n");
}
