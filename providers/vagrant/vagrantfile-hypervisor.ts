import type { HypervisorName } from "./hypervisors";
import type { MachineInputs } from "./inputs";
import { rubyString } from "./ruby";

/** What identifies a machine at its hypervisor. */
export interface Marks {
  /** Unique prefix of the hypervisor's name of the machine. */
  prefix: string;
  /** The domain's UUID, chosen by us so that a machine can be found again; libvirt only. */
  uuid: string;
  /** The port of this host that is forwarded to the machine's SSH server, if there is one. */
  sshHostPort: number | undefined;
}

type Lines = (inputs: MachineInputs, marks: Marks) => string[];

const fullName = ({ name }: MachineInputs, { prefix }: Marks): string => rubyString(prefix + name);

const resources = ({ cpus, memory }: MachineInputs): string[] => [
  `hypervisor.cpus = ${cpus}`,
  `hypervisor.memory = ${memory}`,
];

const libvirt: Lines = (inputs, { uuid, prefix }) => {
  const { uri, driver, managementNetwork } = inputs.libvirt ?? {};
  return [
    ...(uri ? [`hypervisor.uri = ${rubyString(uri)}`] : []),
    ...(driver ? [`hypervisor.driver = ${rubyString(driver)}`] : []),
    // Emulation works with any processor model. Emulated machines are for trials: their disks need not survive a power
    // cut of the // host, and are much faster without.
    ...(driver === "qemu"
      ? [
          'hypervisor.cpu_mode = "custom"',
          'hypervisor.cpu_model = "qemu64"',
          'hypervisor.disk_driver :cache => "unsafe"',
        ]
      : []),
    `hypervisor.uuid = ${rubyString(uuid)}`,
    `hypervisor.default_prefix = ${rubyString(prefix)}`,
    ...resources(inputs),
    'hypervisor.graphics_type = "none"',
    'hypervisor.video_type = "none"',
    ...(managementNetwork
      ? [
          `hypervisor.management_network_name = ${rubyString(managementNetwork.name)}`,
          `hypervisor.management_network_address = ${rubyString(managementNetwork.cidr)}`,
        ]
      : []),
    // The network may have existed before, or another machine may use it: it must outlive this machine.
    "hypervisor.management_network_keep = true",
  ];
};

const virtualbox: Lines = (inputs, marks) => [
  `hypervisor.name = ${fullName(inputs, marks)}`,
  "hypervisor.gui = false",
  ...resources(inputs),
];

const vmware: Lines = (inputs, marks) => [
  "hypervisor.gui = false",
  `hypervisor.vmx["displayName"] = ${fullName(inputs, marks)}`,
  `hypervisor.vmx["numvcpus"] = ${rubyString(String(inputs.cpus))}`,
  `hypervisor.vmx["memsize"] = ${rubyString(String(inputs.memory))}`,
];

const parallels: Lines = (inputs, marks) => [
  `hypervisor.name = ${fullName(inputs, marks)}`,
  ...resources(inputs),
];

const hyperv: Lines = (inputs, marks) => [
  `hypervisor.vmname = ${fullName(inputs, marks)}`,
  ...resources(inputs),
];

const qemu: Lines = ({ cpus, memory }, { sshHostPort }) => [
  `hypervisor.smp = ${rubyString(String(cpus))}`,
  `hypervisor.memory = ${rubyString(`${memory}M`)}`,
  ...(sshHostPort === undefined ? [] : [`hypervisor.ssh_port = ${sshHostPort}`]),
];

const docker: Lines = (inputs, marks) => [
  `hypervisor.name = ${fullName(inputs, marks)}`,
  "hypervisor.has_ssh = true",
  `hypervisor.create_args = ["--cpus", ${rubyString(String(inputs.cpus))}, "--memory", ${rubyString(`${inputs.memory}m`)}]`,
];

/** The lines of the block for the hypervisor: names, resources, and settings that keep machines apart. */
export const hypervisorLines: Record<HypervisorName, Lines> = {
  libvirt,
  virtualbox,
  vmware_desktop: vmware,
  parallels,
  hyperv,
  qemu,
  docker,
};
