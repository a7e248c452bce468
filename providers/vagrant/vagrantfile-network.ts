import ipaddr from "ipaddr.js";
import { rulesOf } from "./hypervisors";
import type { MachineInputs, Network, SyncedFolder } from "./inputs";
import { withoutPrefix } from "./inputs";
import { macAddressOf } from "./networkd";
import { rubyOptions, rubyString } from "./ruby";

/** A port of this host that is forwarded to one of the machine's. */
export interface ForwardedPort {
  id: string;
  guest: number;
  host: number;
  protocol: "tcp" | "udp";
  /** The address of this host on which the port is open. */
  hostIp: string;
}

/** `auto_correct` is off, so that the port is the one in the outputs. */
const portLine = (
  { id, guest, host, protocol, hostIp }: ForwardedPort,
  guestIp: string | undefined,
): string =>
  `config.vm.network "forwarded_port"${rubyOptions({
    guest,
    host,
    id,
    protocol,
    host_ip: hostIp,
    guest_ip: guestIp,
    auto_correct: false,
  })}`;

/** The id of a machine's own SSH port, as Vagrant knows it. */
export const sshId = "ssh";

export function portLines(inputs: MachineInputs, forwarded: readonly ForwardedPort[]): string[] {
  if (!rulesOf(inputs.hypervisor).forwards) return [];
  const { from, to } = inputs.usablePorts;
  const guestIps = inputs.ports.flatMap(({ count, guestIp }) =>
    Array<string | undefined>(count).fill(guestIp),
  );
  const own = forwarded.filter(({ id }) => id === sshId).map((port) => portLine(port, undefined));
  const others = forwarded.filter(({ id }) => id !== sshId).map((port, i) => portLine(port, guestIps[i]));
  if (own.length + others.length === 0) return [];
  return [`config.vm.usable_port_range = (${from}..${to})`, ...own, ...others];
}

function addressOptions(address: string | undefined): Record<string, string | undefined> {
  if (address === undefined) return { type: "dhcp" };
  const prefix = ipaddr.IPv4.parseCIDR(address)[1];
  return {
    ip: withoutPrefix(address),
    netmask: ipaddr.IPv4.subnetMaskFromPrefixLength(prefix).toString(),
  };
}

/** VirtualBox and VMware write them without colons. */
const macOf = (mac: string | undefined, hypervisor: string): string | undefined =>
  hypervisor === "libvirt" ? mac : mac?.replace(/:/g, "");

export function networkLine(
  network: Network,
  { hypervisor, networkd }: MachineInputs,
  uuid: string,
  index: number,
): string {
  const libvirt = hypervisor === "libvirt";
  const mac = macOf(networkd ? macAddressOf(network, uuid, index) : network.mac, hypervisor);
  const auto_config = networkd ? false : undefined;
  if (network.type === "private")
    return `config.vm.network "private_network"${rubyOptions({
      ...addressOptions(network.address),
      ...(libvirt
        ? // A network that was there before, or that a sibling uses, must outlive this machine.
          { libvirt__network_name: network.name, libvirt__always_destroy: false }
        : { name: network.name }),
      mac,
      auto_config,
    })}`;
  const [bridge] = network.bridge;
  return `config.vm.network "public_network"${rubyOptions({
    ...(network.address === undefined ? {} : addressOptions(network.address)),
    ...(libvirt ? { dev: bridge } : { bridge: network.bridge.length > 0 ? network.bridge : undefined }),
    mac,
    auto_config,
  })}`;
}

export function folderLine(folder: SyncedFolder): string {
  const { nfs = {} } = folder;
  const options = rubyOptions({
    id: folder.id,
    type: folder.type,
    create: folder.create || undefined,
    owner: folder.owner,
    group: folder.group,
    mount_options: folder.mountOptions.length > 0 ? folder.mountOptions : undefined,
    nfs_version: nfs.version,
    nfs_udp: nfs.udp,
    nfs_export: nfs.export,
    linux__nfs_options: nfs.linuxOptions,
    bsd__nfs_options: nfs.bsdOptions,
    map_uid: nfs.mapUid,
    map_gid: nfs.mapGid,
    ...folder.options,
  });
  // Vagrant accepts this value only as a symbol.
  const symbols = options.replace(/(map_[ug]id: )"auto"/g, "$1:auto");
  return `config.vm.synced_folder ${rubyString(folder.host)}, ${rubyString(folder.guest)}${symbols}`;
}
