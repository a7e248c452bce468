import type * as pulumi from "@pulumi/pulumi";
import type { Setting } from "./fields";
import type { HypervisorName } from "./hypervisors";

type In<T> = pulumi.Input<T>;

/** A network interface of a machine, beyond the one that Vagrant itself uses. */
export type NetworkArgs =
  | {
      /** A network of this host and its machines only. */
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
      /** The network that this host is connected to. */
      type: "public";
      /** Interfaces of this host. The first one that exists is bridged; libvirt uses only the first of the list. */
      bridge?: In<In<string>[]>;
      /** Static IPv4 address with prefix; default: DHCP. */
      address?: In<string>;
      mac?: In<string>;
    };

/** Ports of this host that are forwarded to ports of the machine. */
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
  /** The address of this host that listens; default `127.0.0.1`, so that only this host can connect. */
  hostIp?: In<string>;
  guestIp?: In<string>;
}

/** A folder of this host that is shared with the machine. */
export interface SyncedFolderArgs {
  /** Path on this host, absolute or from the machine's `directory`. */
  host: In<string>;
  /** Absolute path on the machine. */
  guest: In<string>;
  /** Default: Vagrant's choice for the hypervisor. */
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
    /**
     * False if the export exists already. Two machines that share a folder need this; otherwise it is exported twice.
     */
    export?: In<boolean>;
    /** Options of the export on Linux; default `["rw", "no_subtree_check", "all_squash"]`. */
    linuxOptions?: In<In<string>[]>;
    /** Options of the export on macOS and BSD. */
    bsdOptions?: In<In<string>[]>;
    /** The user as which all files are written; `auto`: the folder's owner. */
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
 * The inputs of a `vagrant.Machine`. The preview reports all mistakes together. docs/machines.md says what a changed
 * input does to an existing machine.
 */
export interface MachineArgs {
  /** The name that Vagrant knows the machine by: lower-case letters, digits, dashes. */
  name: In<string>;
  /** Default: `name`. */
  hostname?: In<string>;
  /**
   * Identifies the resource, so that a machine that another resource made in the same folder is not touched. Default:
   * `PROJECT/STACK/NAME` with the resource's name. A change is recorded, and changes nothing else.
   */
  owner?: In<string>;
  /**
   * Absolute path of a folder for this machine alone. It is made and removed with the machine. It contains the
   * generated Vagrantfile, Vagrant's own files, the machine's key and its host key.
   */
  directory: In<string>;
  /** Name of a Vagrant box. Only on docker it may be left out, with `settings: { image }` instead. */
  box?: In<string>;
  /** One exact version of the box; default: the newest installed one, or else the newest available one. */
  boxVersion?: In<string>;
  /**
   * Where the box comes from, if not from Vagrant's catalog: a .box file, a catalog (.json), or a cloud image (.qcow2, .img,
   * .raw) of which a box is made here, for libvirt and virtualbox. Its user is `vagrant`, its networks are networkd's.
   */
  boxUrl?: In<string>;
  /**
   * Checksum of the .box file at `boxUrl`: `sha256:` and hex digits; also md5, sha1, sha512. Of a cloud image it is needed,
   * as sha256 or sha512.
   */
  boxChecksum?: In<string>;
  /**
   * Architecture of the box; default: Vagrant's choice, which is this host's. If it is given, it must be one that the
   * hypervisor can run.
   */
  architecture?: In<"amd64" | "arm64">;
  hypervisor: In<HypervisorName>;
  /** Default 2. */
  cpus?: In<number>;
  /** MiB; default 2048, at least 512. */
  memory?: In<number>;
  /**
   * Networks in the order of the machine's interfaces. The machine is contacted at the first static address, if there
   * is one.
   */
  networks?: In<In<NetworkArgs>[]>;
  ports?: In<In<PortArgs>[]>;
  /** First and last port of this host to choose from if none is given; default 22000 to 22999. */
  usablePorts?: In<{ from: In<number>; to: In<number> }>;
  syncedFolders?: In<In<SyncedFolderArgs>[]>;
  /** The box's user with passwordless sudo; default `vagrant`. */
  sshUser?: In<string>;
  /** Port of the machine's SSH server; default 22. */
  sshPort?: In<number>;
  /** Text of a private key without a passphrase; default: one that is made for this machine. Kept secret. */
  sshPrivateKey?: In<string>;
  /**
   * True (default): the key replaces the well-known key of all boxes. False: the box accepts `sshPrivateKey` already;
   * without `sshPrivateKey` the well-known key stays, and everybody who reaches the machine can log in.
   */
  sshInsertKey?: In<boolean>;
  /**
   * One shell script for root, or several. All run when the machine is made, and each runs again when its text changes.
   */
  provision?: In<string | In<ScriptArgs>[]>;
  /**
   * Vagrant's name of the system in the box, such as `debian`; default: Vagrant detects it, which takes 10 s under
   * emulation.
   */
  guest?: In<string>;
  /**
   * True if the system in the box uses systemd-networkd: the machine then configures its networks itself, in one step,
   * which saves 10 s under emulation. Default false: Vagrant configures them, in many steps.
   */
  networkd?: In<boolean>;
  /** Environment variables for Vagrant, such as `VAGRANT_HOME`. Kept secret. */
  environment?: In<Record<string, In<string>>>;
  /** Options of vagrant-libvirt; default: its own defaults. */
  libvirt?: In<{
    /** Such as `qemu:///system`. */
    uri?: In<string>;
    /** `qemu` is emulation, for machines without KVM; default `kvm`. */
    driver?: In<"kvm" | "qemu">;
    /** The network by which Vagrant itself reaches the machine. */
    managementNetwork?: In<{ name: In<string>; cidr: In<string> }>;
  }>;
  /** Further settings of the hypervisor, by Vagrant's names: `{ linked_clone: true }`. */
  settings?: In<Record<string, In<Setting>>>;
  /**
   * Literal lines for the Vagrantfile, for everything that has no input here; `config` is Vagrant's. They are not
   * checked. No other text gets into the Vagrantfile unquoted.
   */
  vagrantfile?: In<In<string>[]>;
  /**
   * Adopts an existing machine instead of making one. `true`: the machine that the hypervisor (libvirt, VirtualBox) has
   * under this `name`; if there is none, one is made. `{ folder }`: the machine of that Vagrantfile. `{ id }`: the
   * machine with that name or id at the hypervisor. From then on the machine belongs to this resource and is destroyed
   * with it.
   */
  adopt?: In<boolean | { folder: In<string> } | { id: In<string> }>;
  /** Limits in seconds. A command that takes longer is ended, and the message names the limit. */
  timeouts?: In<{
    /** Until the machine's SSH answers; default 600, or `up` if that is less. */
    boot?: In<number>;
    /** For making or starting the machine, in all; default 900. */
    up?: In<number>;
    /** For halting; the machine then loses its power; default 120. */
    halt?: In<number>;
    /** Default 120. */
    destroy?: In<number>;
    /** For downloading the box; default 3600. */
    box?: In<number>;
  }>;
}
