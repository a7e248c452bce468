import { readFileSync } from "node:fs";

/**
 * What a program must know of the lab it runs in. The lab writes it as `lab.json`; `ha-rancher shell` and `up`
 * name that file in the environment variable `HA_RANCHER_LAB`. Settings of a stack win over it.
 */
export interface LabDescription {
  name: string;
  /** The lab's state folder. */
  home: string;
  /** The network namespace that everything runs in. */
  namespace: string;
  /** What QEMU uses: hardware (kvm) or software emulation (tcg). */
  accelerator: "kvm" | "tcg";
  libvirtUri: string;
  box: { name: string; version: string };
  /** Made by the lab before any machine: management (DHCP) and private (static addresses) networks of libvirt. */
  managementNetwork: { name: string; cidr: string };
  privateNetwork: { name: string; cidr: string; hostAddress: string };
  /** The stand-in for Rancher's image, `repository:tag@sha256:...`, as nodes pull it through the lab's registry. */
  image: string;
  nfs: {
    /** Address that nodes mount from. */
    address: string;
    /** One file per export; ganesha's main configuration includes them all. */
    exportsDirectory: string;
    /** The file that includes `exportsDirectory`'s files; the export provider rewrites it. */
    exportsIndex: string;
    /** ganesha reads its exports anew on SIGHUP to this process. */
    pidFile: string;
    /** Shared directories are made below it. */
    dataDirectory: string;
  };
}

/** The lab that this process runs in, or undefined outside of one. */
export function currentLab(): LabDescription | undefined {
  const file = process.env.HA_RANCHER_LAB;
  return file ? (JSON.parse(readFileSync(file, "utf8")) as LabDescription) : undefined;
}
