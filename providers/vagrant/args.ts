import type * as pulumi from "@pulumi/pulumi";
import type { Setting } from "./fields";
import type { HypervisorName } from "./hypervisors";

type In<T> = pulumi.Input<T>;

/** A network interface of a machine, beyond the one that Vagrant itself uses. */
export type NetworkArgs =
  | {
      /** A network that only this host and its machines are on. */
      type: "private";
      /** Static IPv4 address with the network's prefix, such as `192.168.56.11/24`; default: DHCP. */
      address?: In<string>;
      /**
       * The hypervisor's name of the network. libvirt: default is the one that has the address's subnet. VirtualBox:
       * a host-only interface, such as `vboxnet0`.
       */
      name?: In<string>;
      /** MAC address with colons; default: the hypervisor's choice. */
      mac?: In<string>;
    }
  | {
      /** The network that this host itself is on. */
      type: "public";
      /** Interfaces of this host, of which the first that exists is bridged; libvirt takes the first only. */
      bridge?: In<In<string>[]>;
      /** Static IPv4 address with prefix; default: DHCP. */
      address?: In<string>;
      mac?: In<string>;
    };

/** Ports of this host that lead to the machine's. */
export interface PortArgs {
  /** Name among the outputs; default: protocol and guest port, such as `tcp80`. With `count`, `-1`, `-2`... follow. */
  id?: In<string>;
  /** The machine's port; with `count` the first of them. */
  guest: In<number>;
  /** This host's port; with `count` the first; default: free ones of `usablePorts`. */
  host?: In<number>;
  /** How many ports, one after the other; default 1. */
  count?: In<number>;
  /** Default `tcp`. libvirt forwards `tcp` only. */
  protocol?: In<"tcp" | "udp">;
  /** The address of this host that listens; default `127.0.0.1`: nobody else gets in. */
  hostIp?: In<string>;
  guestIp?: In<string>;
}

/** A folder of this host on the machine. */
export interface SyncedFolderArgs {
  /** Path on this host, absolute or from the machine's `directory`. */
  host: In<string>;
  /** Absolute path on the machine. */
  guest: In<string>;
  /** Default: what Vagrant takes for the hypervisor. */
  type?: In<"nfs" | "rsync" | "smb" | "virtualbox" | "9p" | "virtiofs">;
  id?: In<string>;
  /** True to make the folder on this host if it is missing; default false. */
  create?: In<boolean>;
  owner?: In<string>;
  group?: In<string>;
  /** Such as `["noac", "hard"]`. */
  mountOptions?: In<In<string>[]>;
  /** For type `nfs`. Vagrant writes the export, and asks for root's rights to do so, unless `export` is false. */
  nfs?: In<{
    /** Default: Vagrant's, 3. */
    version?: In<3 | 4 | "4.1" | "4.2">;
    /** Default: true below version 4. */
    udp?: In<boolean>;
    /** False: the export is there already. Two machines that share one folder need that: else it is exported twice. */
    export?: In<boolean>;
    /** Options of the export on Linux; default `["rw", "no_subtree_check", "all_squash"]`. */
    linuxOptions?: In<In<string>[]>;
    /** Options of the export on macOS and BSD. */
    bsdOptions?: In<In<string>[]>;
    /** User that all is written as; `auto`: the folder's owner. */
    mapUid?: In<number | "auto">;
    mapGid?: In<number | "auto">;
  }>;
  /** Any further option, by Vagrant's name of it, such as `rsync__exclude`. */
  options?: In<Record<string, In<Setting>>>;
}

/** A shell script that runs when the machine is made, and again when its text changes. */
export interface ScriptArgs {
  /** Vagrant's name of the provisioner: lower-case letters, digits, dashes, underscores. */
  name: In<string>;
  script: In<string>;
  /** True: as root; default true. */
  privileged?: In<boolean>;
}

/**
 * The inputs of a `vagrant.Machine`. Wrong ones are refused in the preview, all at once; what a changed one does to an
 * existing machine stands in docs/machines.md.
 */
export interface MachineArgs {
  /** The name that Vagrant knows the machine by: lower-case letters, digits, dashes. */
  name: In<string>;
  /** Default: `name`. */
  hostname?: In<string>;
  /**
   * Tells this machine from one that another resource made in the same folder; default: `PROJECT/STACK/NAME`, NAME the
   * resource's. A change is recorded, and changes nothing else.
   */
  owner?: In<string>;
  /**
   * Absolute path of a folder that this machine alone uses. It is made, and removed with the machine; the generated
   * Vagrantfile, Vagrant's own files, the machine's key and its host key lie in it.
   */
  directory: In<string>;
  /** Name of a Vagrant box; only on docker it may be left out, for `settings: { image }`. */
  box?: In<string>;
  /** One exact version of the box; default: the newest that is installed, else the newest there is. */
  boxVersion?: In<string>;
  /** Where the box comes from, if not from Vagrant's catalog: a .box file, or a catalog (.json). */
  boxUrl?: In<string>;
  /** Checksum of the .box file at `boxUrl`: `sha256:` and hex digits; also md5, sha1, sha512. */
  boxChecksum?: In<string>;
  /** The box's; default: Vagrant's choice, this host's. Given, it is checked against what the hypervisor can run. */
  architecture?: In<"amd64" | "arm64">;
  hypervisor: In<HypervisorName>;
  /** Default 2. */
  cpus?: In<number>;
  /** MiB; default 2048, at least 512. */
  memory?: In<number>;
  /** In the order of the machine's interfaces. The machine is reached at the first static address, if there is one. */
  networks?: In<In<NetworkArgs>[]>;
  ports?: In<In<PortArgs>[]>;
  /** Ports of this host to choose from where none is given, first and last; default 22000 to 22999. */
  usablePorts?: In<{ from: In<number>; to: In<number> }>;
  syncedFolders?: In<In<SyncedFolderArgs>[]>;
  /** The box's user with passwordless sudo; default `vagrant`. */
  sshUser?: In<string>;
  /** Port of the machine's SSH server; default 22. */
  sshPort?: In<number>;
  /** Text of a private key without a passphrase; default: one that is made for this machine. Kept secret. */
  sshPrivateKey?: In<string>;
  /**
   * True (default): the key takes the place of the well-known one of all boxes. False: the box lets `sshPrivateKey`
   * in already; without that, the well-known key stays, and whoever reaches the machine can log in.
   */
  sshInsertKey?: In<boolean>;
  /** A shell script for root, or several. They run when the machine is made, each again when its text changes. */
  provision?: In<string | In<ScriptArgs>[]>;
  /** Vagrant's name of the system in the box, such as `debian`; default: found out, 10 s under emulation. */
  guest?: In<string>;
  /**
   * True: the system in the box sets its networks with systemd-networkd, so the machine does that itself, in one step
   * (saves 10 s under emulation). Default false: Vagrant finds out how to, in many.
   */
  networkd?: In<boolean>;
  /** Environment variables for Vagrant, such as `VAGRANT_HOME`. Kept secret. */
  environment?: In<Record<string, In<string>>>;
  /** What to tell vagrant-libvirt; default: its own defaults. */
  libvirt?: In<{
    /** Such as `qemu:///system`. */
    uri?: In<string>;
    /** `qemu` is emulation, for machines without KVM; default `kvm`. */
    driver?: In<"kvm" | "qemu">;
    /** The network by which Vagrant itself reaches the machine. */
    managementNetwork?: In<{ name: In<string>; cidr: In<string> }>;
  }>;
  /** Further settings of the hypervisor's, by Vagrant's names: `{ linked_clone: true }`. */
  settings?: In<Record<string, In<Setting>>>;
  /**
   * Literal lines for the Vagrantfile, where `config` is Vagrant's: for whatever has no input here. They are not
   * checked, and the only text that gets there as it is.
   */
  vagrantfile?: In<In<string>[]>;
  /**
   * Takes over a machine that exists, instead of making one. `true`: the one that the hypervisor knows by this `name`
   * (libvirt, VirtualBox), and if there is none, one is made. `{ folder }`: the one of that Vagrantfile. `{ id }`: the
   * hypervisor's name or id of it. From then on it is this resource's, and ends with it.
   */
  adopt?: In<boolean | { folder: In<string> } | { id: In<string> }>;
  /** Seconds. Whatever takes longer is ended, and the message names the limit. */
  timeouts?: In<{
    /** Until the machine's SSH answers; default 600, or `up` if that is less. */
    boot?: In<number>;
    /** The whole making or start; default 900. */
    up?: In<number>;
    /** Until a machine that is halted loses its power; default 120. */
    halt?: In<number>;
    /** Default 120. */
    destroy?: In<number>;
    /** Fetching the box; default 3600. */
    box?: In<number>;
  }>;
}
