import ipaddr from "ipaddr.js";
import { trackFiles } from "../domain/keepalived-conf";
import type { Preset, Vip } from "../domain/vrrp";
import { advertIntervalOf, type KeepalivedSettings, parseVip } from "./floating-ip";

/** The settings that the rules of the floating IP look at, checked one by one already. */
export interface FloatingIpGiven {
  vip: string;
  furtherVips: string[];
  subnet?: string | undefined;
  nodes: { name: string; address: string; address6?: string | undefined; priority: number }[];
  preset?: Preset | undefined;
  advertInterval?: number | undefined;
  startDeadline: number;
  dataDirectory: string;
  keepalived: KeepalivedSettings;
}

/** Seconds of silence below which a backup takes a busy holder for a dead one. */
const leastSilence = 0.15;
/** Seconds between adverts below which ordinary scheduling is not enough. */
const needsRealTime = 0.1;

const hundredths = (seconds: number): boolean => Math.abs(seconds * 100 - Math.round(seconds * 100)) < 1e-6;

function timingMistakes({ keepalived, preset, advertInterval, startDeadline }: FloatingIpGiven): string[] {
  const mistakes: string[] = [];
  const interval = advertIntervalOf({ preset, advertInterval });
  const said = advertInterval === undefined ? "`preset`" : "`advertInterval`";
  if (preset && advertInterval !== undefined)
    mistakes.push("`preset` and `advertInterval` both say how often adverts are sent: remove one of them");
  if (keepalived.version === 2 && !Number.isInteger(interval))
    mistakes.push(
      `${said} (${interval} s) must be whole seconds with \`keepalived.version\` 2, whose adverts cannot say less: use \`preset: steady\`, or version 3`,
    );
  if (keepalived.version === 3 && !hundredths(interval))
    mistakes.push(`\`advertInterval\` (${interval} s) must be hundredths of a second, as VRRPv3 sends it`);
  if (keepalived.downTimerAdverts * interval < leastSilence - 1e-9)
    mistakes.push(
      `\`keepalived.downTimerAdverts\` times ${said} (${interval} s) must be at least ${leastSilence} s of silence: with less a busy holder is taken for a dead one`,
    );
  if (interval < needsRealTime && keepalived.realTimePriority === 0)
    mistakes.push(
      `\`keepalived.realTimePriority\` must not be 0 with ${said} below ${needsRealTime} s: a busy node would miss its own adverts`,
    );
  if (keepalived.preemptDelay > 0 && !keepalived.preempt)
    mistakes.push(
      "`keepalived.preemptDelay` does nothing without `keepalived.preempt`: set that to true, or remove the delay",
    );
  if ((keepalived.startupDelay ?? 0) >= startDeadline)
    mistakes.push(
      `\`keepalived.startupDelay\` must be less than \`startDeadline\` (${startDeadline} s): the VIP would come too late`,
    );
  return mistakes;
}

function garpMistakes({ keepalived: { garp } }: FloatingIpGiven): string[] {
  const mistakes: string[] = [];
  if (garp.refresh === 0 && garp.refreshRepeat > 1)
    mistakes.push(
      "`keepalived.garp.refreshRepeat` does nothing with `keepalived.garp.refresh` 0: remove one of them",
    );
  if (garp.interval * garp.repeat > 1)
    mistakes.push(
      "`keepalived.garp.interval` times `keepalived.garp.repeat` must be at most 1 s: it would delay what keepalived does next",
    );
  return mistakes;
}

const isBelow = (file: string, directory: string): boolean =>
  file === directory || file.startsWith(`${directory}/`);

function trackMistakes({ keepalived, dataDirectory }: FloatingIpGiven): string[] {
  const { track, notify } = keepalived;
  const mistakes: string[] = [];
  const paths: [string, string][] = [
    ...track.files.map((file, i): [string, string] => [`keepalived.track.files[${i}]`, file]),
    ...track.scripts.flatMap(({ command }, i) =>
      command.split(" ").map((part): [string, string] => [`keepalived.track.scripts[${i}].command`, part]),
    ),
    ...(notify ? [["keepalived.notify", notify] as [string, string]] : []),
  ];
  for (const [name, file] of paths) {
    const shared = [dataDirectory, "/rancher_lease"].find((directory) => isBelow(file, directory));
    if (shared)
      mistakes.push(
        `\`${name}\` must not be in ${shared}: what hangs on NFS would hang the VIP; use a file on the node`,
      );
  }
  for (const [i, file] of track.files.entries())
    if (Object.values(trackFiles).some((own) => own.path === file))
      mistakes.push(`\`keepalived.track.files[${i}]\` (${file}) is tracked already: it is the program's own`);
  for (const [i, { interval, timeout }] of track.scripts.entries())
    if (timeout > interval)
      mistakes.push(
        `\`keepalived.track.scripts[${i}].timeout\` must be at most its \`interval\`: keepalived does not run it twice at a time`,
      );
  return mistakes;
}

/** Why no node can carry an address; undefined if one can. */
function unusable(address: string): string | undefined {
  const range = ipaddr.parse(address).range();
  const bad: Record<string, string> = {
    unspecified: "no address",
    broadcast: "the broadcast address",
    multicast: "a multicast address",
    loopback: "a loopback address, which stays on its machine",
    linkLocal: "a link-local address, which is not the same network for everybody",
    reserved: address.includes(":") ? "" : "a reserved address",
    ipv4Mapped: "an IPv4 address in IPv6 form: write it as IPv4",
  };
  return bad[range] || undefined;
}

function vipMistakes(given: FloatingIpGiven): string[] {
  const mistakes: string[] = [];
  const vips = [given.vip, ...given.furtherVips].map((text) => parseVip(text) as Vip);
  const name = (i: number): string => (i === 0 ? "vip" : `furtherVips[${i - 1}]`);
  vips.forEach(({ address, prefix }, i) => {
    const bad = unusable(address);
    if (bad)
      mistakes.push(`\`${name(i)}\` (${address}) is ${bad}: choose a free address of the nodes' network`);
    const twin = vips.findIndex((other) => other.address === address);
    if (twin < i)
      mistakes.push(`\`${name(i)}\` is the same address as \`${name(twin)}\`: remove one of them`);
    if (i === 0) return; // The rest of the main VIP's rules is nodes.ts's.
    for (const [j, node] of given.nodes.entries()) {
      const of6 = node.address6 && ipaddr.parse(node.address6).toString();
      if (node.address === address || of6 === address)
        mistakes.push(
          `\`${name(i)}\` must not be an address of \`nodes[${j}]\`: a VIP moves between nodes, choose a free address for it`,
        );
    }
    if (!bad) mistakes.push(...subnetMistakes(name(i), { address, prefix }, given));
  });
  return mistakes;
}

/** A further VIP outside of the nodes' network is unreachable, unless somebody has made a route: then say so. */
function subnetMistakes(name: string, vip: Vip, given: FloatingIpGiven): string[] {
  if (given.subnet) return [];
  if (ipaddr.parse(vip.address).kind() === "ipv6") {
    const outside = given.nodes.find(
      ({ address6 }) =>
        address6 && !ipaddr.IPv6.parse(address6).match(ipaddr.IPv6.parse(vip.address), vip.prefix),
    );
    if (!outside || vip.prefix === 128) return [];
    return [`\`${name}\` must be in the IPv6 network of the nodes: ${outside.name} has ${outside.address6}`];
  }
  const [main, prefix] = ipaddr.IPv4.parseCIDR(given.vip);
  const inside = ipaddr.IPv4.parse(vip.address).match(main, prefix);
  if (!inside)
    return [
      `\`${name}\` (${vip.address}) must be in the subnet of \`vip\`: nobody would find it elsewhere; if a route leads to it, say so with \`subnet\`, the nodes' network`,
    ];
  if (vip.prefix !== prefix && vip.prefix !== 32)
    return [`\`${name}\` must have the prefix of \`vip\` (/${prefix}), or /32`];
  return [];
}

function nodeMistakes({ nodes, furtherVips, keepalived }: FloatingIpGiven): string[] {
  const mistakes: string[] = [];
  nodes.forEach((node, i) => {
    const twin = nodes.findIndex((other) => other.priority === node.priority);
    if (twin < i)
      mistakes.push(
        `\`nodes[${i}].priority\` (${node.priority}) is that of \`nodes[${twin}]\` too: equal priorities let two nodes take the VIP at once; give each its own`,
      );
  });
  const sixes = nodes.filter(({ address6 }) => address6);
  if (sixes.length === 0) return mistakes;
  if (sixes.length < nodes.length)
    mistakes.push(
      "`nodes[].address6` must be given for all nodes or for none: they talk to each other over it",
    );
  if (!furtherVips.some((text) => text.includes(":")))
    mistakes.push("`nodes[].address6` is for IPv6 VIPs: name one in `furtherVips`, or remove it");
  if (keepalived.version === 2)
    mistakes.push("`nodes[].address6` needs `keepalived.version` 3: version 2 has no IPv6");
  const parsed = sixes.map(({ address6 = "" }) => ipaddr.parse(address6).toString());
  if (new Set(parsed).size < parsed.length)
    mistakes.push("`nodes[].address6` must be another one for each node");
  for (const address of parsed) {
    const bad = unusable(address);
    if (bad) mistakes.push(`\`nodes[].address6\` (${address}) is ${bad}: give each node's own address`);
  }
  return mistakes;
}

/** Mistakes of the floating IP that lie between settings: the impossible, and what would be dangerous. */
export function floatingIpMistakes(given: FloatingIpGiven): string[] {
  return [timingMistakes, garpMistakes, trackMistakes, vipMistakes, nodeMistakes].flatMap((rule) =>
    rule(given),
  );
}
