import { networkInterfaces } from "node:os";
import { join } from "node:path";
import ipaddr from "ipaddr.js";
import type { MachineTemplate } from "../../components/machines";
import { defaultMemory } from "../../domain/machine-memory";
import { type Mistake, mistake } from "../../domain/mistake";
import type { LabDescription } from "../../lab/description";
import { callOf } from "../../local/called";
import { dataHome } from "../../local/paths";
import { type Settings, SettingsError } from "../../settings";
import { chooseStorage, type StoragePlace } from "./storage-place";

/** What the settings leave open and the surroundings decide: the lab, or a hypervisor or hosts of the user's. */
export interface Place {
  /** Undefined if every node is a host. */
  machines: Omit<MachineTemplate, "owner"> | undefined;
  /** What the lab runs, unless the settings name an image; undefined outside of it. */
  image: string | undefined;
  storage: StoragePlace;
}

function labMistakes(settings: Settings, lab: LabDescription): Mistake[] {
  const network = ipaddr.IPv4.parseCIDR(lab.privateNetwork.cidr);
  const all = [
    ["vip", settings.vip.address] as const,
    ...settings.nodes.map((node, i) => [`nodes[${i}].address`, node.address] as const),
    ...(settings.storage === "machine" ? [["nfsAddress", settings.nfsAddress ?? ""] as const] : []),
  ];
  return all.flatMap(([name, address]) => {
    if (address === lab.privateNetwork.hostAddress)
      return [mistake(name, `(${address}) is the lab's own address`, "choose another")];
    if (!ipaddr.IPv4.parse(address).match(network))
      return [mistake(name, `(${address}) must be in the lab's network, ${lab.privateNetwork.cidr}`)];
    return [];
  });
}

/**
 * @param lab the lab that the program runs in, if it does
 * @throws SettingsError if the settings do not fit the place
 */
export function choosePlace(settings: Settings, lab: LabDescription | undefined, stack: string): Place {
  return lab ? inLab(settings, lab, stack) : elsewhere(settings, stack);
}

function inLab(settings: Settings, lab: LabDescription, stack: string): Place {
  const mistakes = labMistakes(settings, lab);
  const storage = chooseStorage(settings, lab, stack, () => lab.nfs.address, mistakes);
  if (mistakes.length) throw new SettingsError(mistakes);
  return {
    machines: {
      ...alike(settings),
      hypervisor: "libvirt",
      box: settings.box ?? lab.box.name,
      boxVersion: settings.box ? settings.boxVersion : lab.box.version,
      guest: settings.box ? undefined : "debian",
      networkd: settings.box === undefined,
      memory: settings.memory ?? defaultMemory.lab,
      directory: join(lab.home, "machines", stack),
      libvirt: {
        uri: lab.libvirtUri,
        driver: lab.accelerator === "kvm" ? "kvm" : "qemu",
        managementNetwork: lab.managementNetwork,
      },
      privateNetwork: lab.privateNetwork.name,
    },
    image: lab.image,
    storage,
  };
}

function elsewhere(settings: Settings, stack: string): Place {
  const machines = settings.nodes.some(({ host }) => !host);
  const mistakes = machines ? machineMistakes(settings) : [];
  const storage = chooseStorage(settings, undefined, stack, () => addressHere(settings), mistakes);
  if (mistakes.length) throw new SettingsError(mistakes);
  return {
    machines: machines
      ? {
          ...alike(settings),
          hypervisor: settings.hypervisor === "libvirt" ? "libvirt" : "virtualbox",
          box: settings.box ?? "",
          boxVersion: settings.boxVersion,
          guest: undefined,
          networkd: false,
          memory: settings.memory ?? defaultMemory.elsewhere,
          directory: join(dataHome(), "machines", stack),
          libvirt: undefined,
          privateNetwork: undefined,
        }
      : undefined,
    image: undefined,
    storage,
  };
}

/** What is said of machines wherever they are made. */
function alike(settings: Settings) {
  const { boxUrl, boxChecksum, cpus, bridge, dhcpNetwork, subnet } = settings;
  return { ...{ boxUrl, boxChecksum, cpus, bridge, dhcpNetwork }, prefix: subnet.prefix };
}

function machineMistakes({ box, hypervisor }: Settings): Mistake[] {
  const mistakes: Mistake[] = [];
  if (!box)
    mistakes.push(
      mistake(
        "box",
        "is missing",
        `outside of the lab, name a Vagrant box with Docker for your hypervisor (or run in the lab: \`${callOf("up")}\`)`,
      ),
    );
  if (hypervisor === "lab")
    mistakes.push(
      mistake(
        "hypervisor",
        "is lab, and this is not a shell of the lab",
        `use \`${callOf("up")}\`, or \`${callOf("shell")}\``,
      ),
    );
  return mistakes;
}

/**
 * This machine's address on the nodes' network. On a host-only network it is the first of the subnet, on VirtualBox
 * and libvirt alike, also before that network exists; on one that was there before it is looked up.
 */
function addressHere({ subnet, nodes, bridge }: Settings): string | undefined {
  if (bridge.length === 0 && nodes.every(({ host }) => !host)) return firstAddress(subnet);
  const network = [ipaddr.IPv4.parse(subnet.address), subnet.prefix] as const;
  return Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .find(({ family, address }) => family === "IPv4" && ipaddr.IPv4.parse(address).match(...network))
    ?.address;
}

function firstAddress(subnet: Settings["subnet"]): string {
  const network = ipaddr.IPv4.networkAddressFromCIDR(`${subnet.address}/${subnet.prefix}`);
  const octets = network.octets.slice();
  octets[3] = (octets[3] ?? 0) + 1;
  return octets.join(".");
}
