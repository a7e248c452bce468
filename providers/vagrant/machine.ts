import * as pulumi from "@pulumi/pulumi";
import type { SshEndpoint } from "../remote/endpoint";
import { shim } from "../shim";

export interface MachineArgs {
  /** Host name, and the name that Vagrant knows the machine by: lower-case letters, digits, dashes. */
  name: pulumi.Input<string>;
  /**
   * Absolute path of a folder that this machine alone uses. It is made, and removed with the machine; the generated
   * Vagrantfile, Vagrant's own files, the machine's key and its host key lie in it.
   */
  directory: pulumi.Input<string>;
  /** Name of a Vagrant box that has a user `vagrant` with passwordless sudo, as all boxes do. */
  box: pulumi.Input<string>;
  /** One exact version of the box; default: the newest that is installed. */
  boxVersion?: pulumi.Input<string>;
  hypervisor: pulumi.Input<"libvirt" | "virtualbox">;
  /** Default 2. */
  cpus?: pulumi.Input<number>;
  /** MiB; default 2048, at least 512. */
  memory?: pulumi.Input<number>;
  /** Static IPv4 address on a private network, with the prefix of the network: `192.168.56.11/24`. */
  address: pulumi.Input<string>;
  /** libvirt: name of the network that `address` is on; default: the one that has the address's subnet. */
  privateNetwork?: pulumi.Input<string>;
  /** What to tell vagrant-libvirt; default: its own defaults. */
  libvirt?: pulumi.Input<{
    /** Such as `qemu:///system`. */
    uri?: pulumi.Input<string>;
    /** `qemu` is emulation, for machines without KVM; default `kvm`. */
    driver?: pulumi.Input<"kvm" | "qemu">;
    /** The network by which Vagrant itself reaches the machine. */
    managementNetwork?: pulumi.Input<{ name: pulumi.Input<string>; cidr: pulumi.Input<string> }>;
  }>;
  /** Vagrant's name of the system in the box, such as `debian`; default: found out, 10 s under emulation. */
  guest?: pulumi.Input<string>;
  /** Port of the machine's SSH server; default 22. */
  sshPort?: pulumi.Input<number>;
  /** Text of a shell script that root runs when the machine is made, and again when the text changes. */
  provision?: pulumi.Input<string>;
  /** Seconds for the making or start of the machine (default 600), its halt (120) and its end (120). */
  timeouts?: pulumi.Input<{
    up?: pulumi.Input<number>;
    halt?: pulumi.Input<number>;
    destroy?: pulumi.Input<number>;
  }>;
}

const provider = shim("ha-rancher/providers/vagrant", "machine");

/**
 * A virtual machine made with Vagrant: one resource, one folder, one generated Vagrantfile.
 *
 * Each changed input is answered with the least that applies it: nothing (`timeouts`), the script (`provision`),
 * a restart (`cpus`, `memory`) or a new machine (all others); see `verbs.ts`. A machine that was halted or deleted
 * by hand is started or made again by the next `up` after a `refresh`.
 */
export class Machine extends pulumi.dynamic.Resource {
  static readonly __pulumiType = "pulumi-nodejs:dynamic/vagrant:Machine";

  /** `running`; else what keeps it from that, such as `shutoff` (the next `up` mends it). */
  declare readonly state: pulumi.Output<string>;
  /** The hypervisor's id of the machine; on libvirt the domain's UUID. */
  declare readonly machineId: pulumi.Output<string>;
  /** How to log in at `address`, with a key of this machine alone; secret as a whole. */
  declare readonly ssh: pulumi.Output<SshEndpoint>;
  /** The network interface that carries `address`, as found on the machine. */
  declare readonly interface: pulumi.Output<string>;

  constructor(name: string, args: MachineArgs, opts?: pulumi.CustomResourceOptions) {
    const props = {
      ...args,
      // Tells a machine that this resource made from one that another made in the same folder.
      owner: `${pulumi.getProject()}/${pulumi.getStack()}/${name}`,
      state: undefined,
      machineId: undefined,
      ssh: undefined,
      interface: undefined,
    };
    const ours = { additionalSecretOutputs: ["ssh"], deleteBeforeReplace: true };
    super(provider, name, props, pulumi.mergeOptions(ours, opts), "vagrant", "Machine");
  }
}
