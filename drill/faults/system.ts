import { type NodeAction, onNode } from "./action";
import { goesOn, settling } from "./bounds";
import type { Fault, Need, Roles } from "./fault";

/** The VIP may be away for so long, milliseconds: keepalived notices, or is told. */
const vipBack = 1_000;

const ofSystem = (
  name: string,
  what: string,
  need: Need | undefined,
  ...[verb, ...args]: [string, ...string[]]
): Fault => ({
  ...{ name, what, needs: need ? [need] : [] },
  lasts: 20,
  inject: ({ holder }: Roles): NodeAction[] => [onNode(holder.name, verb, ...args)],
  heal: () => [],
  keeps: "service",
  bounds: () => ({ vipGap: vipBack, serviceGap: goesOn, twoHolders: settling }),
});

/** What the active node's operating system, or somebody at its keyboard, does to addresses and services. */
export const systemFaults: Fault[] = [
  ofSystem(
    "address-removed",
    "somebody removes the VIP from the holder's interface by hand",
    undefined,
    "remove-address",
  ),
  ofSystem(
    "networkd-restart",
    "the active node's systemd-networkd is restarted",
    "networkd",
    "restart-unit",
    "systemd-networkd",
  ),
  ofSystem(
    "networkmanager-restart",
    "the active node's NetworkManager is restarted",
    "networkmanager",
    "restart-unit",
    "NetworkManager",
  ),
  ofSystem("dhcp-renew", "the active node asks its DHCP server again for all its leases", "dhcp", "renew"),
  ofSystem(
    "needrestart-all",
    "the active node's C library is replaced, and needrestart restarts what has the former one, as after an upgrade",
    "needrestart",
    "needrestart",
  ),
];
