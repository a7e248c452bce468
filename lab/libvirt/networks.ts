import { createHash } from "node:crypto";

/** Escapes text for XML, in content and in attributes. */
export const xml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);

/** A UUID that depends only on the name, so that a new definition replaces the former one. */
export function uuidOf(name: string): string {
  const hex = createHash("sha256").update(name).digest("hex");
  // The form of version 8 (RFC 9562 5.8), whose content is free.
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

export interface Network {
  name: string;
  bridge: string;
  hostAddress: string;
  netmask: string;
  /** The range of DHCP addresses; default: no DHCP. */
  dhcp?: { start: string; end: string };
}

/** libvirt's definition of an isolated network: machines reach each other and the host's address, nothing else. */
export function networkXml(network: Network): string {
  const dhcp =
    network.dhcp && `<dhcp><range start="${xml(network.dhcp.start)}" end="${xml(network.dhcp.end)}"/></dhcp>`;
  return [
    "<network>",
    `  <name>${xml(network.name)}</name>`,
    `  <uuid>${uuidOf(`network ${network.name}`)}</uuid>`,
    `  <bridge name="${xml(network.bridge)}" stp="off" delay="0"/>`,
    // No names are needed here; by default libvirt starts a name server for each network.
    '  <dns enable="no"/>',
    `  <ip address="${xml(network.hostAddress)}" netmask="${xml(network.netmask)}">${dhcp ?? ""}</ip>`,
    "</network>",
    "",
  ].join("\n");
}

/** libvirt's definition of a storage pool that is a folder. */
export const poolXml = (name: string, folder: string): string =>
  [
    "<pool type='dir'>",
    `  <name>${xml(name)}</name>`,
    `  <uuid>${uuidOf(`pool ${name}`)}</uuid>`,
    `  <target><path>${xml(folder)}</path></target>`,
    "</pool>",
    "",
  ].join("\n");
