import { readFileSync } from "node:fs";

/**
 * What a program must know about the lab in which it runs. The lab writes it as `lab.json`; `ha-rancher shell` and `up`
 * name that file in the environment variable `HA_RANCHER_LAB`. Settings of a stack take precedence.
 */
export interface LabDescription {
  name: string;
  /** The lab's state folder. */
  home: string;
  /** The network namespace of the lab. */
  namespace: string;
  /** What QEMU uses: hardware (kvm) or software emulation (tcg). */
  accelerator: "kvm" | "tcg";
  libvirtUri: string;
  box: { name: string; version: string };
  /**
   * The management network (DHCP) of libvirt, which the lab makes before any machine, like the private one (static
   * addresses).
   */
  managementNetwork: { name: string; cidr: string };
  privateNetwork: { name: string; cidr: string; hostAddress: string };
  /** The stand-in for Rancher's image, `repository:tag@sha256:...`, as nodes pull it through the lab's registry. */
  image: string;
  nfs: {
    /** The address from which nodes mount. */
    address: string;
    /** One file per export; ganesha's main configuration includes them all. */
    exportsDirectory: string;
    /** The file that includes `exportsDirectory`'s files; the export provider rewrites it. */
    exportsIndex: string;
    /** The file with ganesha's process id: on SIGHUP it reads its exports again. */
    pidFile: string;
    /** The folder in which shared directories are made. */
    dataDirectory: string;
  };
}

/** The lab that this process runs in, or undefined outside of one. */
export function currentLab(): LabDescription | undefined {
  const file = process.env.HA_RANCHER_LAB;
  return file ? (JSON.parse(readFileSync(file, "utf8")) as LabDescription) : undefined;
}
