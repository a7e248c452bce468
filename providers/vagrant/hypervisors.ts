/** The properties of a hypervisor that matter for managing its machines. */
export interface Hypervisor {
  /**
   * True if it handles only one import and boot at a time: several at once fail or take far longer. VirtualBox and
   * VMware document this; Parallels and Hyper-V do not declare themselves parallel to Vagrant.
   */
  oneAtATime: boolean;
  /** True if Vagrant reaches its machines through a port of this host, not at their own address. */
  forwardsSsh: boolean;
  /** True if it can have private and public networks beside the one that Vagrant uses. */
  networks: boolean;
  /** True if it can forward ports of this host. */
  forwards: boolean;
  /** `cpus` and `memory` are fixed when the machine is made. */
  fixedResources?: true;
  /** True if it runs only machines of this host's own architecture. */
  nativeOnly: boolean;
  /** The only platform on which it exists, as in `process.platform`. */
  platform?: NodeJS.Platform;
  /** True if its machines need no box, since they can be made from an image. */
  boxOptional?: true;
}

const onDesktop = { oneAtATime: true, forwardsSsh: true, networks: true, forwards: true, nativeOnly: true };

/** The supported hypervisors, by Vagrant's names. */
export const hypervisors = {
  libvirt: { oneAtATime: false, forwardsSsh: false, networks: true, forwards: true, nativeOnly: false },
  virtualbox: onDesktop,
  vmware_desktop: onDesktop,
  parallels: { ...onDesktop, platform: "darwin" },
  hyperv: {
    oneAtATime: true,
    forwardsSsh: false,
    networks: false,
    forwards: false,
    nativeOnly: true,
    platform: "win32",
  },
  qemu: { oneAtATime: false, forwardsSsh: true, networks: true, forwards: true, nativeOnly: false },
  docker: {
    oneAtATime: false,
    forwardsSsh: true,
    networks: true,
    forwards: true,
    fixedResources: true,
    nativeOnly: false,
    boxOptional: true,
  },
} as const satisfies Record<string, Hypervisor>;

/** What Vagrant makes machines with. */
export type HypervisorName = keyof typeof hypervisors;

/** All of them. */
export const hypervisorNames = Object.keys(hypervisors) as [HypervisorName, ...HypervisorName[]];

export const rulesOf = (name: HypervisorName): Hypervisor => hypervisors[name];
