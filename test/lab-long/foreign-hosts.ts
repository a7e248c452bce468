import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { xml } from "../../lab/libvirt/networks";
import { run } from "../../local/run";
import { fatDisk } from "../../providers/vagrant/cloud-box/fat";

/*
 * Hosts that somebody else set up: no Vagrant, and nothing of this project's. Their owner's hand is what a person does once at an
 * installation: the name, an address, a key.
 */

/** A host before it is a node. */
export interface ForeignHost {
  name: string;
  /** On the lab's private network. */
  address: string;
}

/** How one logs in to a kind of host. */
export interface Login {
  user: string;
  port: number;
}

/** MAC addresses of a host's two cards, on the management network and on the private one. */
const cardsOf = ({ address }: ForeignHost): [string, string] => {
  const last = Number(address.split(".")[3]).toString(16).padStart(2, "0");
  return [`52:54:00:f0:00:${last}`, `52:54:00:f0:01:${last}`];
};

/**
 * What cloud-init is told of a host: its user, its key, and its networks. The image has a file for every interface; the first one by
 * name counts, so these begin with a zero.
 */
function cloudSeed(host: ForeignHost, login: Login, publicKey: string): Record<string, string> {
  const [management, service] = cardsOf(host);
  const user = {
    name: login.user,
    shell: "/bin/bash",
    sudo: "ALL=(ALL) NOPASSWD:ALL",
    ssh_authorized_keys: [publicKey],
  };
  const network = {
    version: 2,
    ethernets: {
      "0-management": { match: { macaddress: management }, dhcp4: true },
      "0-service": { match: { macaddress: service }, addresses: [`${host.address}/24`] },
    },
  };
  return {
    "meta-data": JSON.stringify({ "instance-id": host.name, "local-hostname": host.name }),
    "user-data": `#cloud-config\n${JSON.stringify({ users: [user] })}\n`,
    "network-config": `${JSON.stringify(network)}\n`,
  };
}

/** The disks of a host with the cloud image: one based on the image, and the seed's. */
export async function cloudDisks(
  folder: string,
  image: string,
  host: ForeignHost,
  login: Login,
  publicKey: string,
): Promise<string[]> {
  mkdirSync(folder, { recursive: true });
  const disk = join(folder, `${host.name}.qcow2`);
  await run("qemu-img", ["create", "-q", "-f", "qcow2", "-b", image, "-F", "qcow2", disk, "10G"]);
  const raw = join(folder, `${host.name}-seed.raw`);
  const seed = join(folder, `${host.name}-seed.qcow2`);
  writeFileSync(raw, fatDisk("CIDATA", cloudSeed(host, login, publicKey)));
  await run("qemu-img", ["convert", "-f", "raw", "-O", "qcow2", raw, seed]);
  return [disk, seed];
}

/** A connection of NetworkManager: the host's address on the private network. */
const connection = (host: ForeignHost): string => `[connection]
id=service
type=ethernet

[ethernet]
mac-address=${cardsOf(host)[1].toUpperCase()}

[ipv4]
method=manual
address1=${host.address}/24

[ipv6]
method=disabled
`;

/** What its owner writes to an installed host with NetworkManager, as root in a mount namespace of its own: TREE is $1. */
const installing = `set -eu
mount -o loop,offset=1048576 "$1" "$2"
printf '%s\\n' "$3" >"$2/etc/hostname"
printf '127.0.0.1\\tlocalhost\\n127.0.1.1\\t%s\\n' "$3" >"$2/etc/hosts"
umask 077
printf '%s' "$4" >"$2/etc/NetworkManager/system-connections/service.nmconnection"
home=$2/home/$5
mkdir -p "$home/.ssh"
printf '%s\\n' "$6" >"$home/.ssh/authorized_keys"
chown -R --reference="$home" "$home/.ssh"
umount "$2"
`;

/** The disk of a host with the busy system: a copy with its name, its address and its owner's key. */
export async function busyDisks(
  folder: string,
  image: string,
  host: ForeignHost,
  login: Login,
  publicKey: string,
): Promise<string[]> {
  const tree = join(folder, "tree");
  mkdirSync(tree, { recursive: true });
  const raw = join(folder, `${host.name}.raw`);
  await run("qemu-img", ["convert", "-f", "qcow2", "-O", "raw", image, raw]);
  const values = [raw, tree, host.name, connection(host), login.user, publicKey];
  await run("unshare", ["--mount", "sh", "-c", installing, "sh", ...values]);
  const disk = join(folder, `${host.name}.qcow2`);
  await run("qemu-img", ["create", "-q", "-f", "qcow2", "-b", raw, "-F", "raw", disk]);
  return [disk];
}

export interface Domain {
  host: ForeignHost;
  disks: readonly string[];
  accelerator: "kvm" | "tcg";
  /** libvirt's names of the management network and of the private one. */
  networks: readonly [string, string];
}

/** libvirt's definition of a host. */
export function domainXml({ host, disks, accelerator, networks }: Domain): string {
  const cards = cardsOf(host).map(
    (mac, i) =>
      `<interface type="network"><mac address="${mac}"/><source network="${xml(networks[i] ?? "")}"/><model type="virtio"/></interface>`,
  );
  const drives = disks.map(
    (file, i) =>
      `<disk type="file" device="disk"><driver name="qemu" type="qcow2" cache="unsafe"/><source file="${xml(file)}"/><target dev="vd${"ab"[i]}" bus="virtio"/></disk>`,
  );
  const emulated = accelerator === "tcg";
  return `<domain type="${emulated ? "qemu" : "kvm"}">
  <name>foreign_${xml(host.name)}</name>
  <memory unit="MiB">960</memory>
  <vcpu>2</vcpu>
  <os><type arch="x86_64" machine="pc">hvm</type></os>
  <features><acpi/></features>
  ${emulated ? '<cpu mode="custom"><model>qemu64</model></cpu>' : '<cpu mode="host-model"/>'}
  <devices>
    ${[...drives, ...cards].join("\n    ")}
    <serial type="file"><source path="${xml(`${disks[0]}.console`)}"/></serial>
    <memballoon model="none"/>
  </devices>
</domain>
`;
}
