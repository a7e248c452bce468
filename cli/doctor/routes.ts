import { z } from "zod";
import { isInside, type Network } from "../../domain/network";
import type { Settings } from "../../settings";
import { type Check, type Finding, fault, remark, runsHere, type Subject, well } from "./check";
import type { ThisMachine } from "./machine";

/*
 * Which way packets from this machine take to the nodes and the VIP. A stack can be up and well, and from here nobody finds
 * it: a VPN has the range, or its network is not here. `ip` is Linux's: elsewhere nobody looks.
 */

/** One line of iproute2's answer, as far as it is used. */
const routes = z.array(
  z.looseObject({
    dst: z.string().optional(),
    dev: z.string().optional(),
    gateway: z.string().optional(),
    protocol: z.string().optional(),
  }),
);

type Route = z.infer<typeof routes>[number];

/** Undefined if it cannot be told: there is no `ip`, or one without JSON, such as busybox's; or if there is no such route. */
async function ask(machine: ThisMachine, ...words: string[]): Promise<Route[] | undefined> {
  if (!machine.program("ip")) return undefined;
  const { code, stdout } = await machine.run("ip", "-json", "-4", "route", ...words);
  if (code !== 0) return undefined;
  try {
    return routes.parse(JSON.parse(stdout));
  } catch {
    return undefined;
  }
}

/** The way to an address: through which interface, and which router, if any. */
interface Way {
  device: string;
  gateway: string | undefined;
}

/** Undefined if there is none. */
export async function wayTo(machine: ThisMachine, address: string): Promise<Way | undefined> {
  const [{ dev, gateway } = {}] = (await ask(machine, "get", address)) ?? [];
  return dev === undefined ? undefined : { device: dev, gateway };
}

const shown = ({ device, gateway }: Way): string => device + (gateway ? ` and the router ${gateway}` : "");

/** Names of the interfaces that hypervisors make for their machines. */
export const ofHypervisors = /^(vboxnet|virbr|vmnet|vnet|docker|br-)/;

/** Whether the nodes' network is made with the machines, on this machine alone. */
export const isOwnNetwork = (subject: Subject): boolean =>
  runsHere(subject) && subject.settings?.bridge.length === 0;

/** A network that is made here has its own route, which loses against those that are as narrow or narrower. */
function foreignRoutes(table: Route[], subnet: Network): Route[] {
  return table.filter(({ dst = "default", dev = "", protocol }) => {
    const [address = "", prefix = "32"] = dst.split("/");
    // What the kernel made for an interface's own address, the check `subnet` tells.
    if (dst === "default" || protocol === "kernel" || ofHypervisors.test(dev)) return false;
    return Number(prefix) >= subnet.prefix && isInside(address, subnet);
  });
}

const ipv4 = /^[\d.]+$/;

/** Where the nodes are somewhere: each must be found from here, and the VIP where they are. */
async function waysToNodes(machine: ThisMachine, settings: Settings): Promise<Finding[]> {
  const { vip, nodes, subnet, bridge } = settings;
  const targets = nodes.map(({ address, host }) => host?.address ?? address).filter((to) => ipv4.test(to));
  const ways = await Promise.all(targets.map((to) => wayTo(machine, to)));
  const lost = targets.filter((_, i) => !ways[i]);
  const route = "give it a route, or an address in their network; `ip route get ADDRESS` shows the way";
  if (lost.length > 0) return fault(`This machine has no route to ${lost.join(" and ")}`, route);
  const way = await wayTo(machine, vip.address);
  if (!way)
    return remark(
      `This machine has no route to the VIP ${vip.address}: the nodes will serve, and from here nobody finds it`,
      route,
    );
  const usual = ways[0];
  const devices = bridge.map((name) => name.split(":")[0]);
  const elsewhere =
    bridge.length > 0
      ? !devices.includes(way.device) && `the machines are bridged to ${bridge.join(", ")}`
      : usual && way.device !== usual.device && way.device !== "lo" && `the nodes through ${shown(usual)}`;
  if (elsewhere)
    return remark(
      `Packets to the VIP ${vip.address} leave this machine through ${shown(way)}, and ${elsewhere}: a VPN, or another route, has the VIP's range, and from here nobody finds it`,
      "end what has made that route, or choose a `vip` outside of its range; `ip route get ADDRESS` shows the way",
    );
  if (way.gateway && !isInside(vip.address, subnet))
    return remark(
      `The VIP's network is not on this machine, and it is not the nodes' (\`subnet\`): the router ${way.gateway} must know that ${vip.address} is where they are`,
      `look at the router's table; or give the nodes and \`vip\` one network`,
    );
  return well(`Packets to the VIP leave through ${shown(way)}, as those to the nodes`);
}

export const routesCheck: Check = {
  name: "routes",
  beforeUp: true,
  async look(subject) {
    const { machine, settings, hypervisor } = subject;
    const table = await ask(machine, "show");
    if (!settings || hypervisor === "lab" || !table) return [];
    if (!isOwnNetwork(subject)) return await waysToNodes(machine, settings);
    const [foreign] = foreignRoutes(table, settings.subnet);
    const { address, prefix } = settings.subnet;
    return foreign
      ? fault(
          `A route of this machine leads ${foreign.dst} to ${foreign.dev}, and the nodes' network is ${address}/${prefix}: packets to them would leave through it`,
          "end what has made that route, such as a VPN, or choose other addresses for `vip` and `nodes`",
        )
      : well(`No route here leads ${address}/${prefix} elsewhere`);
  },
};
