/** What must be known of a hypervisor, beyond its name, to manage its machines well. */
export interface Hypervisor {
  /**
   * True if it takes one import and boot at a time: several at once fail or take far longer (VirtualBox and VMware
   * say so themselves, Parallels and Hyper-V do not declare themselves parallel to Vagrant).
   */
  oneAtATime: boolean;
  /** Vagrant reaches its machines through a port of this host, not at an address of their own. */
  forwardsSsh: boolean;
  /** Can have private and public networks besides the one that Vagrant uses. */
  networks: boolean;
  /** Forwards ports of this host. */
  forwards: boolean;
  /** `cpus` and `memory` are fixed when the machine is made. */
  fixedResources?: true;
  /** Runs only machines of this host's own architecture. */
  nativeOnly: boolean;
  /** The one platform that it exists on, as `process.platform` names it. */
  platform?: NodeJS.Platform;
  /** Its machines need no box, since they can be made from an image. */
  boxOptional?: true;
}

const onDesktop = { oneAtATime: true, forwardsSsh: true, networks: true, forwards: true, nativeOnly: true };

/** The hypervisors whose machines can be made, by the name that Vagrant has for them. */
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

export type HypervisorName = keyof typeof hypervisors;

export const hypervisorNames = Object.keys(hypervisors) as [HypervisorName, ...HypervisorName[]];

export const rulesOf = (name: HypervisorName): Hypervisor => hypervisors[name];
