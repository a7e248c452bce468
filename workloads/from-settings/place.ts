import { networkInterfaces } from "node:os";
import { join } from "node:path";
import ipaddr from "ipaddr.js";
import type { MachineTemplate } from "../../components/machines";
import { defaultCloudImage, isCloudImage } from "../../domain/cloud-image";
import { defaultMemory } from "../../domain/machine-memory";
import { type Mistake, mistake } from "../../domain/mistake";
import { addressOf } from "../../domain/network";
import type { LabDescription } from "../../lab/description";
import { callOf } from "../../local/called";
import { dataHome } from "../../local/paths";
import { cloudBox } from "../../providers/vagrant/debian-box";
import { type Settings, SettingsError } from "../../settings";
import { chooseStorage, type StoragePlace } from "./storage-place";

/** What the settings leave open and the surroundings decide: the lab, or a hypervisor or hosts of the user's. */
export interface Place {
  /** Undefined if every node is a host. */
  machines: Omit<MachineTemplate, "owner"> | undefined;
  /** What the lab runs, unless the settings name an image; undefined outside of it. */
  image: string | undefined;
  /** Undefined where the workload has none. */
  storage: StoragePlace | undefined;
}

/** VIPs that move by themselves, beside the first one. */
const furtherOf = ({ workload, address }: Settings): (readonly [string, string])[] =>
  workload === "address"
    ? address.vips.flatMap(({ vip }, i) => (vip ? [[`address.vips[${i}].vip`, addressOf(vip)] as const] : []))
    : [];

function labMistakes(settings: Settings, lab: LabDescription): Mistake[] {
  const network = ipaddr.IPv4.parseCIDR(lab.privateNetwork.cidr);
  const all = [
    ["vip", settings.vip.address] as const,
    ...furtherOf(settings),
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
  const storage = hasStorage(settings)
    ? chooseStorage(settings, lab, stack, () => lab.nfs.address, mistakes)
    : undefined;
  if (mistakes.length) throw new SettingsError(mistakes);
  return {
    machines: {
      ...alike(settings),
      hypervisor: "libvirt",
      ...(boxOf(settings) ?? {
        box: lab.box.name,
        boxVersion: lab.box.version,
        guest: "debian",
        networkd: true,
      }),
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
  const storage = hasStorage(settings)
    ? chooseStorage(settings, undefined, stack, () => addressHere(settings), mistakes)
    : undefined;
  if (mistakes.length) throw new SettingsError(mistakes);
  return {
    machines: machines
      ? {
          ...alike(settings),
          hypervisor: settings.hypervisor === "libvirt" ? "libvirt" : "virtualbox",
          ...(boxOf(settings) ?? defaultBox(settings.hypervisor) ?? { box: "" }),
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

/** Whether the workload has data on shared storage. */
const hasStorage = ({ workload }: Settings): boolean => workload !== "address";

/** What is said of machines wherever they are made. */
function alike(settings: Settings) {
  const { cpus, bridge, dhcpNetwork, subnet } = settings;
  return { ...{ cpus, bridge, dhcpNetwork }, prefix: subnet.prefix };
}

type BoxSettings = Pick<Settings, "box" | "boxVersion" | "boxUrl" | "boxChecksum">;

/** The box that the settings name, or one that is made of the cloud image that they name; undefined if they name neither. */
function boxOf({ box, boxVersion, boxUrl, boxChecksum }: Partial<BoxSettings>) {
  if (isCloudImage(boxUrl) && boxChecksum) return cloudBox({ url: boxUrl, checksum: boxChecksum });
  return box ? { box, boxVersion, boxUrl, boxChecksum, guest: undefined, networkd: false } : undefined;
}

/**
 * The box where the settings name none, outside of the lab; undefined if there is none. What describes a machine to VirtualBox
 * (providers/vagrant/cloud-box/ovf.ts) is for x86.
 */
function defaultBox(hypervisor: Settings["hypervisor"]) {
  const image = defaultCloudImage(process.arch);
  if (!image || (hypervisor !== "libvirt" && process.arch !== "x64")) return undefined;
  return cloudBox(image);
}

function machineMistakes(settings: Settings): Mistake[] {
  const { hypervisor } = settings;
  const mistakes: Mistake[] = [];
  if (hypervisor !== "lab" && !boxOf(settings) && !defaultBox(hypervisor))
    mistakes.push(
      mistake(
        "box",
        `is missing, and none can be made here of a cloud image for ${process.arch}`,
        "name a Vagrant box of a Debian for your hypervisor",
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
