import { managementNetwork, privateNetwork } from "../../lab/layout";

/** A socket that waits for others, as `ss -Hltunp` shows it. */
export interface Listener {
  where: string;
  program: string;
  protocol: string;
  /** `all`, `loopback`, the name of a network where it has one address alone, or another address. */
  at: string;
  /** `any`: the kernel chose it. */
  port: string;
}

/** Whom each program listens for. One that is not here is not expected. */
const purpose: Record<string, string> = {
  sshd: "SSH: the operator; the system's own settings",
  "systemd-network": "the system's DHCP client",
  containerd: "Docker's own",
  "docker-proxy": "the service, before the host's firewall: limit 7",
  "ganesha.nfsd": "the shared data, for the nodes",
  "docker-registry": "images, for the nodes",
  dnsmasq: "DHCP on the machines' management network",
};

/** Linux's first port that it chooses itself (net.ipv4.ip_local_port_range). */
const firstChosen = 32_768;

const networks = [
  { of: managementNetwork, name: "the management network's" },
  { of: privateNetwork, name: "the nodes' network's" },
];

function placeOf(address: string): string {
  const [plain = "", device] = address.replace(/^\[(.*)\]$/, "$1").split("%");
  const bare = plain.replace(/^::ffff:/, "");
  if (["*", "0.0.0.0", "::"].includes(bare)) return device ? `all of ${device}` : "all";
  if (/^127\.|^::1$/.test(bare)) return "loopback";
  // Both networks are of 256 addresses.
  const known = networks.find(({ of }) => bare.startsWith(of.hostAddress.replace(/\d+$/, "")));
  return known?.name ?? bare;
}

/** What `ss -Hltunp` has printed there. @throws for a line that it does not understand */
export function listeners(where: string, printed: string): Listener[] {
  return printed
    .split("\n")
    .filter((line) => line.trim())
    .map((line) => {
      const [protocol = "", , , , local = ""] = line.trim().split(/\s+/);
      const [, address = "", port = ""] = /^(.*):(\d+)$/.exec(local) ?? [];
      const program = /users:\(\("([^"]+)"/.exec(line)?.[1];
      if (!address || program === undefined) throw new Error(`not understood: ${line}`);
      const at = placeOf(address);
      const isChosen = at === "loopback" && Number(port) >= firstChosen;
      return { where, program, protocol, at, port: isChosen ? "any" : port };
    });
}

/** Programs that nobody has said anything about. */
export const unexpected = (found: Listener[]): Listener[] =>
  found.filter(({ program }) => !Object.hasOwn(purpose, program));

/** The table of docs/security.md. */
export function listeningTable(found: Listener[]): string {
  const rows = found.map(
    ({ where, program, protocol, at, port }) =>
      `| ${where} | ${program} | ${protocol} ${port} | ${at} | ${purpose[program]} |`,
  );
  return [
    "| where | program | port | address | for |",
    "|---|---|---|---|---|",
    ...[...new Set(rows)].sort(),
  ].join("\n");
}
