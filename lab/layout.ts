import { join } from "node:path";

/** The lab's files and folders, below its home folder. */
export function layout(home: string) {
  const nfs = join(home, "nfs");
  const libvirt = join(home, "libvirt");
  return {
    description: join(home, "lab.json"),
    /** The record of this lab's network namespace. */
    namespaceRecord: join(home, "namespace.json"),
    libvirt: {
      home: libvirt,
      /** The folder that libvirtd sees as /etc/libvirt. */
      etc: join(libvirt, "etc"),
      configuration: join(libvirt, "etc", "libvirtd.conf"),
      qemuConfiguration: join(libvirt, "etc", "qemu.conf"),
      domains: join(libvirt, "etc", "qemu"),
      run: join(libvirt, "run"),
      /** The folder that libvirtd sees as /var/lib/libvirt, with its records of machines and leases. */
      lib: join(libvirt, "lib"),
      socket: join(libvirt, "run", "libvirt-sock"),
      pidFile: join(libvirt, "libvirtd.pid"),
    },
    pool: join(home, "pool"),
    vagrant: join(home, "vagrant"),
    /** The record of the box that `vagrant box add` has added completely. */
    boxRecord: join(home, "box.json"),
    registry: join(home, "registry"),
    nfs: {
      home: nfs,
      configuration: join(nfs, "ganesha.conf"),
      exportsDirectory: join(nfs, "exports"),
      exportsIndex: join(nfs, "exports.conf"),
      pidFile: join(nfs, "ganesha.pid"),
      log: join(nfs, "ganesha.log"),
      recovery: join(nfs, "recovery"),
      data: join(nfs, "data"),
    },
  };
}

export type Layout = ReturnType<typeof layout>;

/** Addresses inside the lab. They need not be free on this machine, since they exist only in the lab's namespace. */
export const managementNetwork = {
  // vagrant-libvirt's own names, so that a Vagrantfile need not repeat them.
  name: "vagrant-libvirt",
  cidr: "192.168.121.0/24",
  bridge: "virbr0",
  hostAddress: "192.168.121.1",
  netmask: "255.255.255.0",
  dhcp: { start: "192.168.121.2", end: "192.168.121.254" },
};

export const privateNetwork = {
  name: "ha-rancher",
  cidr: "192.168.56.0/24",
  bridge: "virbr1",
  hostAddress: "192.168.56.1",
  netmask: "255.255.255.0",
};

export const registryPort = 5000;
export const registryMirror = `http://${privateNetwork.hostAddress}:${registryPort}`;

/** Progress, line by line. */
export type Say = (line: string) => void;
