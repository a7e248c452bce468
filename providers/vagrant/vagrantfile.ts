import { join } from "node:path";
import type { MachineInputs } from "./inputs";
import { networkdLines } from "./networkd";
import { rubyString, rubyValue } from "./ruby";
import { identityProvisioner, identityScript, type Naming } from "./scripts";
import { hypervisorLines, type Marks } from "./vagrantfile-hypervisor";
import { type ForwardedPort, folderLine, networkLine, portLines, sshId } from "./vagrantfile-network";

/** What a Vagrantfile needs beside the inputs. */
export interface Identity extends Pick<Naming, "publicKey" | "keepKeys">, Pick<Marks, "prefix" | "uuid"> {
  /** Private keys that the machine may accept; those that do not exist are ignored. */
  keyFiles: string[];
  ports: readonly ForwardedPort[];
}

const provisioner = (name: string, script: string, privileged = true): string =>
  `config.vm.provision ${rubyString(name)}, type: "shell", privileged: ${privileged}, inline: ${rubyString(script)}`;

const boxLines = ({ box, boxVersion, boxUrl, architecture }: MachineInputs): string[] => [
  ...(box ? [`config.vm.box = ${rubyString(box)}`] : []),
  ...(boxVersion ? [`config.vm.box_version = ${rubyString(boxVersion)}`] : []),
  ...(boxUrl ? [`config.vm.box_url = ${rubyString(boxUrl)}`] : []),
  // Vagrant has this setting since 2.4.
  ...(architecture
    ? [
        `config.vm.box_architecture = ${rubyString(architecture)} if config.vm.respond_to?(:box_architecture=)`,
      ]
    : []),
  "config.vm.box_check_update = false",
];

const sshLines = ({ sshUser, sshPort }: MachineInputs, { keyFiles }: Identity): string[] => [
  // A new machine accepts the insecure key once; from then on it accepts its own.
  "keys = [",
  ...keyFiles.map((file) => `  ${rubyString(file)},`),
  '  Vagrant.user_data_path.join("insecure_private_key").to_s,',
  '  *Vagrant.user_data_path.join("insecure_private_keys").glob("*").map(&:to_s),',
  "].select { |file| File.file?(file) }",
  "config.ssh.insert_key = false",
  `config.ssh.username = ${rubyString(sshUser)}`,
  `config.ssh.guest_port = ${sshPort}`,
  "config.ssh.private_key_path = keys",
];

/** The Vagrantfile of one machine: a pure function of its inputs and its identity. */
export function vagrantfile(inputs: MachineInputs, identity: Identity): string {
  const { name, hypervisor, sshUser: user } = inputs;
  const hostname = inputs.hostname ?? name;
  const sshHostPort = identity.ports.find(({ id }) => id === sshId)?.host;
  const lines = [
    `config.vm.define ${rubyString(name)}`,
    ...boxLines(inputs),
    ...(inputs.guest ? [`config.vm.guest = ${rubyString(inputs.guest)}.to_sym`] : []),
    // A container gets its name from Docker; elsewhere the first provisioner sets it.
    ...(hypervisor === "docker" ? [`config.vm.hostname = ${rubyString(hostname)}`] : []),
    `config.vm.boot_timeout = ${inputs.timeouts.boot}`,
    `config.vm.graceful_halt_timeout = ${inputs.timeouts.halt}`,
    'config.vm.synced_folder ".", "/vagrant", disabled: true',
    ...inputs.syncedFolders.map(folderLine),
    ...inputs.networks.map((network, i) => networkLine(network, inputs, identity.uuid, i)),
    ...portLines(inputs, identity.ports),
    "",
    ...sshLines(inputs, identity),
    "",
    `config.vm.provider ${rubyString(hypervisor)} do |hypervisor|`,
    ...[
      ...hypervisorLines[hypervisor](inputs, { ...identity, sshHostPort }),
      ...Object.entries(inputs.settings).map(([key, value]) => `hypervisor.${key} = ${rubyValue(value)}`),
    ].map((line) => `  ${line}`),
    "end",
    "",
    provisioner(
      identityProvisioner,
      identityScript({
        hostname,
        user,
        network: inputs.networkd ? networkdLines(inputs, identity.uuid) : [],
        ...identity,
      }),
    ),
    ...inputs.provision.map((each) => provisioner(each.name, each.script, each.privileged)),
    ...inputs.vagrantfile,
  ];
  return [
    "# Generated from the machine's inputs: changes are lost at the next update.",
    'Vagrant.configure("2") do |config|',
    ...lines.map((line) => (line ? `  ${line}` : "")),
    "end",
    "",
  ].join("\n");
}

/** The folder of Vagrant's records of a machine, below the folder of its Vagrantfile. */
export const dataFolder = (
  folder: string,
  { name, hypervisor }: Pick<MachineInputs, "name" | "hypervisor">,
): string => join(folder, ".vagrant", "machines", name, hypervisor);
