import { createHash } from "node:crypto";
import type { MachineInputs, Network } from "./inputs";

/*
 * Networks of a machine whose system uses systemd-networkd. The first provisioner configures them: Vagrant needs ten
 * commands over SSH for this, which take ten seconds under emulation. Interfaces are identified by their MAC addresses,
 * which we choose for this reason: their names in the system do not matter.
 */

/**
 * The MAC address of a machine's network: the given one, or else one derived from the machine's uuid. 52:54:00 is
 * QEMU's own prefix.
 *
 * @param index place of the network in `networks`
 */
export const macAddressOf = ({ mac }: Network, uuid: string, index: number): string =>
  mac?.toLowerCase() ??
  `52:54:00:${createHash("sha256")
    .update(`${uuid} ${index}`)
    .digest("hex")
    .slice(0, 6)
    .replace(/..(?=.)/g, "$&:")}`;

/** networkd's file for a network; systemd.network(5). */
const networkFile = (network: Network, mac: string): string[] => [
  "[Match]",
  `MACAddress=${mac}`,
  "[Network]",
  network.address === undefined ? "DHCP=ipv4" : `Address=${network.address}`,
];

/**
 * Where the file of a network is. The first file in the order of their names that fits an interface counts, and images for
 * clouds have one for every interface: `10-netplan-all-en.network`.
 */
const pathOf = (index: number): string => `/etc/systemd/network/05-machine-${index + 1}.network`;

/** Lines of a POSIX shell script that sets all networks and waits for those with static addresses, at most 10 s. */
export function networkdLines({ networks }: MachineInputs, uuid: string): string[] {
  if (networks.length === 0) return [];
  const files = networks.flatMap((network, i) => [
    `cat > ${pathOf(i)} <<'END'`,
    ...networkFile(network, macAddressOf(network, uuid, i)),
    "END",
  ]);
  const waits = networks.flatMap(({ address }) =>
    address === undefined
      ? []
      : [
          `tries=50; until ip -4 -o addr show to ${address} | grep -q .; do`,
          "  tries=$((tries - 1)); [ $tries -gt 0 ] || break; sleep 0.2",
          "done",
        ],
  );
  return ["mkdir -p /etc/systemd/network", ...files, "networkctl reload", ...waits];
}
