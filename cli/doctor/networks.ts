import ipaddr from "ipaddr.js";
import { addressOf } from "../../domain/network";
import { hostOnlyRanges } from "../../providers/vagrant/host";
import { type Check, fault, remark, runsHere, type Subject, well } from "./check";
import { machineFolders } from "./leftovers";
import type { ThisMachine } from "./machine";
import { isOwnNetwork, ofHypervisors, routesCheck, wayTo } from "./routes";

const inside = (address: string, cidr: string): boolean =>
  ipaddr.IPv4.parse(address).match(ipaddr.IPv4.parseCIDR(cidr));

const rangesFile = "/etc/vbox/networks.conf";

const hostOnly: Check = {
  name: "host-only-ranges",
  beforeUp: true,
  look({ machine, settings, hypervisor }) {
    // Bridged machines have no host-only network.
    if (
      hypervisor !== "virtualbox" ||
      !settings ||
      settings.bridge.length > 0 ||
      machine.platform === "win32"
    )
      return [];
    const ranges = hostOnlyRanges(machine.text(rangesFile));
    const outside = settings.nodes
      .filter(({ host }) => !host)
      .filter(({ address }) => !ranges.some((range) => inside(address, range)));
    if (outside.length === 0) return well(`VirtualBox allows the nodes' network (${ranges.join(", ")})`);
    const { address, prefix } = settings.subnet;
    // The file replaces the default range, so the default must be repeated.
    const lines = [...ranges, `${address}/${prefix}`].map((range) => `* ${range}`).join("\\n");
    return fault(
      `VirtualBox allows host-only networks in ${ranges.join(", ") || "no range"}, and ${outside.map((node) => node.address).join(" and ")} is outside`,
      `sudo mkdir -p /etc/vbox && printf '${lines}\\n' | sudo tee ${rangesFile}`,
    );
  },
};

const bridges: Check = {
  name: "bridge",
  beforeUp: true,
  look({ machine, settings, hypervisor }) {
    if (!hypervisor || !settings || settings.bridge.length === 0) return [];
    const devices = [...new Set(machine.addresses().map(({ device }) => device))];
    const found = settings.bridge.find((name) => devices.some((device) => name.split(":")[0] === device));
    return found
      ? well(`The machines are bridged to ${found}`)
      : fault(
          `None of \`bridge\` (${settings.bridge.join(", ")}) is an interface of this machine with an address`,
          `name one of ${devices.filter((device) => device !== "lo").join(", ")} in \`bridge\``,
        );
  },
};

const subnetClash: Check = {
  name: "subnet",
  beforeUp: true,
  look(subject) {
    const { machine, settings } = subject;
    if (!runsHere(subject) || !settings || settings.bridge.length > 0) return [];
    const { address, prefix } = settings.subnet;
    const other = machine
      .addresses()
      .find(
        ({ device, cidr }) =>
          !ofHypervisors.test(device) && inside(cidr.split("/")[0] ?? "", `${address}/${prefix}`),
      );
    return other
      ? fault(
          `${other.device} of this machine (${other.cidr}) is in the nodes' network ${address}/${prefix}: packets to the nodes would leave through it`,
          "choose other addresses for `vip` and `nodes`, or bridge the machines to that network with `bridge`",
        )
      : well(`Nobody else here uses ${address}/${prefix}`);
  },
};

const ports: Check = {
  name: "ports",
  beforeUp: true,
  async look({ machine, settings, hypervisor, known }) {
    // An existing stack uses its ports itself.
    if (!hypervisor || !settings || known?.machines.length) return [];
    const wanted = settings.nodes.flatMap(({ name, machine: own }) =>
      (own?.ports ?? []).flatMap(({ host, count = 1, hostIp = "127.0.0.1", protocol = "tcp" }) =>
        host === undefined || protocol === "udp"
          ? []
          : Array.from({ length: count }, (_, i) => ({ name, port: host + i, hostIp })),
      ),
    );
    if (wanted.length === 0) return [];
    const free = await Promise.all(wanted.map(({ port, hostIp }) => machine.isFree(port, hostIp)));
    const taken = wanted.filter((_, i) => !free[i]);
    return taken.length === 0
      ? well(`${wanted.length} ports of the machines are free`)
      : fault(
          `${taken.map(({ name, port }) => `${port} (${name})`).join(", ")} is in use on this machine`,
          `see who has it: ss -ltnp 'sport = :${taken[0]?.port}'; or choose others in \`nodes[].machine.ports\``,
        );
  },
};

/** Who has an address, in words; undefined if nobody answers: a machine that drops pings still says on its segment that it is there. */
async function holderOf(machine: ThisMachine, address: string): Promise<string | undefined> {
  if (machine.addresses().some(({ cidr }) => cidr.split("/")[0] === address)) return "this machine has it";
  const { code } = await machine.run("ping", "-c", "1", "-W", "1", address);
  if (code === 0) return "something answers there";
  if (!machine.program("ip")) return undefined;
  const { stdout } = await machine.run("ip", "-4", "neigh", "show", address);
  const hardware = /lladdr (\S+)(?!.*\b(FAILED|INCOMPLETE)\b)/.exec(stdout)?.[1];
  return hardware && `the device ${hardware} has it, and drops pings`;
}

/** Addresses that are to be free before the stack is made, each with its setting: those that move, and the machines'. */
function addressesToBe({ settings, hypervisor, machine, stack }: Subject): [string, string][] {
  if (!settings) return [];
  const { vip, furtherVips, address, nodes } = settings;
  const further = furtherVips.filter(({ address }) => ipaddr.IPv4.isValid(address));
  // Machines that an interrupted run left are taken over.
  const left = machineFolders({ machine }).some((each) => each.stack === stack);
  const made = hypervisor && !left ? nodes.filter(({ host }) => !host) : [];
  return [
    [vip.address, "vip"],
    ...further.map(({ address }): [string, string] => [address, "furtherVips"]),
    ...address.vips.flatMap(({ vip: own }): [string, string][] =>
      own ? [[addressOf(own), "address.vips"]] : [],
    ),
    ...made.map(({ address }): [string, string] => [address, "nodes"]),
  ];
}

const addressesUnused: Check = {
  name: "addresses",
  beforeUp: true,
  async look(subject) {
    const { machine, settings, hypervisor, known } = subject;
    if (!settings || known?.resources || hypervisor === "lab" || !machine.program("ping")) return [];
    const wanted = addressesToBe(subject);
    const holders = await Promise.all(wanted.map(([address]) => holderOf(machine, address)));
    const found = wanted.flatMap(([address, setting], i) =>
      holders[i] ? [{ address, setting, holder: holders[i] }] : [],
    );
    if (found.length === 0) return well(`Nobody has ${wanted.map(([address]) => address).join(", ")}`);
    const way = isOwnNetwork(subject) ? await wayTo(machine, found[0]?.address ?? "") : undefined;
    const meaning = found
      .map(({ address, holder }) => `${address} is in use although the stack is not up: ${holder}`)
      .join("; ");
    const mend = `choose free addresses for ${[...new Set(found.map(({ setting }) => `\`${setting}\``))].join(" and ")}, or turn that off`;
    // Behind a router it is another network than the one that is made here, which hides it.
    return way?.gateway
      ? remark(
          `${meaning}. It is behind the router ${way.gateway}: from here it will not be found any more`,
          mend,
        )
      : fault(meaning, mend);
  },
};

export const networkChecks: Check[] = [hostOnly, bridges, subnetClash, routesCheck, ports, addressesUnused];
