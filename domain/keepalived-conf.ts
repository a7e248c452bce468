import { createHash } from "node:crypto";
import ipaddr from "ipaddr.js";
import { featuresOf } from "./keepalived-version";
import { linkedProgram } from "./node-set";
import type { Garp, Vip, VrrpSpec } from "./vrrp";
import { hmacLines } from "./vrrp-hmac";

/** A node as the others see it. */
export interface VrrpNode {
  name: string;
  address: string;
  /** Needed of all nodes for IPv6 VIPs to have an instance of their own; without, they move with the IPv4 one. */
  address6?: string | undefined;
  /** 1 to 254, distinct between nodes. */
  priority: number;
}

/** The settings of one node's keepalived.conf. */
export interface KeepalivedConf {
  spec: VrrpSpec;
  node: VrrpNode;
  /** The interface that carries the node's address. */
  interface: string;
  /** The other nodes. */
  peers: VrrpNode[];
  /** Of the keepalived on the node, such as `2.2.7`. */
  version: string;
  /** Whether an agent on the node has a say in it, by its track file; default true. */
  agentDecides?: boolean;
}

/** Files that keepalived watches on each node: 0 = may hold the VIP, anything else = fault. */
export const trackFiles = {
  /** Written by the agent; a node whose agent never ran does not take the VIP. */
  ha_rancher: { path: "/run/ha-rancher/track", initially: 1 },
  /** Written by `ha-rancher switchover`; gone after a boot. */
  ha_rancher_yield: { path: "/run/ha-rancher/yield", initially: 0 },
  /** Written by `ha-rancher maintenance`; lasts over a boot. */
  ha_rancher_maintenance: { path: "/etc/ha-rancher/maintenance", initially: 0 },
} as const;

/** The files that keepalived watches on a node: without an agent all but the agent's. */
const watchedFiles = ({ agentDecides = true }: KeepalivedConf) =>
  Object.entries(trackFiles).filter(([name]) => agentDecides || name !== "ha_rancher");

/** The instance whose state is the node's. */
const mainInstance = "ha_rancher";

/** By a shell: keepalived would remember the folder that the link led to when it read its file, and that one goes. */
const notifyProgram = `/bin/sh ${linkedProgram("keepalived/vrrp-notify")}`;

/**
 * The one function through which values reach keepalived.conf: keepalived has no quoting that covers its comment
 * (`#`, `!`), block and `$` characters, so a word that would need it is refused.
 */
export function keepalivedWord(value: string | number): string {
  const text = String(value);
  if (!/^[A-Za-z0-9/][A-Za-z0-9_.:/-]*$/.test(text))
    throw new Error(`${JSON.stringify(text)} cannot stand in keepalived.conf: use letters, digits and _.:/-`);
  return text;
}

/** A program with its arguments: the same, with a few more characters that are harmless between quotes. */
export function keepalivedCommand(text: string): string {
  if (!/^\/[A-Za-z0-9_.:/+-]+( [A-Za-z0-9_.:/=,@%+-]+)*$/.test(text))
    throw new Error(
      `${JSON.stringify(text)} cannot stand in keepalived.conf: use an absolute path and arguments of letters, digits and _.:/=,@%+- with single blanks between them`,
    );
  return `"${text}"`;
}

const word = keepalivedWord;
const isIpv6 = (vip: Vip): boolean =>
  ipaddr.isValid(vip.address) && ipaddr.parse(vip.address).kind() === "ipv6";

const indented = (lines: string[]): string => lines.map((line) => (line ? `    ${line}\n` : "")).join("");
const block = (head: string, lines: string[]): string => `${head} {\n${indented(lines)}}\n`;
/** A block within a block, as lines. */
const inner = (head: string, lines: string[]): string[] =>
  lines.length ? [`${head} {`, ...lines.map((line) => `    ${line}`), "}"] : [];

function globals(conf: KeepalivedConf): string {
  const { spec } = conf;
  const { garp } = spec;
  return block("global_defs", [
    `router_id ${word(conf.node.name)}`,
    `vrrp_version ${spec.version}`,
    "enable_script_security",
    "# keepalived 2.2.7 ends its own configuration test when this is another user.",
    "script_user root",
    ...(spec.startupDelay > 0
      ? [
          "# Hear a living holder before taking the VIP after a boot; not after a crash (node/keepalived/before-start).",
          `@^again vrrp_startup_delay ${word(spec.startupDelay)}`,
        ]
      : []),
    ...garpLines(garp),
    "# A holder that meets one of higher priority makes it tell the network again where the VIP is.",
    "vrrp_higher_prio_send_advert true",
    "vrrp_no_swap",
  ]);
}

function garpLines(garp: Garp): string[] {
  return [
    `vrrp_garp_master_delay ${word(garp.delay)}`,
    `vrrp_garp_master_repeat ${word(garp.repeat)}`,
    `vrrp_garp_master_refresh ${word(garp.refresh)}`,
    `vrrp_garp_master_refresh_repeat ${word(garp.refreshRepeat)}`,
    `vrrp_garp_lower_prio_repeat ${word(garp.lowerPriorityRepeat)}`,
    ...(garp.interval > 0
      ? [`vrrp_garp_interval ${word(garp.interval)}`, `vrrp_gna_interval ${word(garp.interval)}`]
      : []),
  ];
}

/** Weight 0 everywhere: with `nopreempt` a weight never moves the VIP, and a fault always does. */
function trackBlocks(conf: KeepalivedConf): string {
  const { track } = conf.spec;
  const files = [
    ...watchedFiles(conf).map(([name, { path, initially }]) => ({ name, path, initially })),
    ...track.files.map((path, i) => ({ name: `file_${i + 1}`, path, initially: undefined })),
  ].map(({ name, path, initially }) =>
    block(`track_file ${name}`, [
      `file ${word(path)}`,
      "weight 0",
      initially === undefined ? "" : `init_file ${initially}`,
    ]),
  );
  const processes = track.processes.map((process, i) =>
    block(`vrrp_track_process process_${i + 1}`, [`process ${word(process)}`, "weight 0", "quorum 1"]),
  );
  const scripts = track.scripts.map((script, i) =>
    block(`vrrp_script script_${i + 1}`, [
      `script ${keepalivedCommand(script.command)}`,
      `interval ${word(script.interval)}`,
      `timeout ${word(script.timeout)}`,
      `fall ${word(script.fall)}`,
      `rise ${word(script.rise)}`,
      "weight 0",
      "# Not fit before it has shown that it is.",
      "init_fail",
    ]),
  );
  return [...files, ...processes, ...scripts].join("\n");
}

function trackLines(conf: KeepalivedConf): string[] {
  const { track } = conf.spec;
  const numbered = (kind: string, list: unknown[]): string[] => list.map((_, i) => `${kind}_${i + 1}`);
  return [
    ...inner("track_file", [...watchedFiles(conf).map(([name]) => name), ...numbered("file", track.files)]),
    ...inner("track_interface", track.interfaces.map(word)),
    ...inner("track_process", numbered("process", track.processes)),
    ...inner("track_script", numbered("script", track.scripts)),
  ];
}

/** An instance of VRRP: one address family. */
interface Instance {
  name: string;
  own: string;
  peers: string[];
  /** Named in the adverts. All nodes must agree on these, or they do not hear each other. */
  advertised: Vip[];
  /** Move with the others, unnamed: they can be added and removed node by node. */
  silent: Vip[];
}

/** The instances of a node: one, or one for each address family. */
export function instancesOf({ spec, node, peers }: KeepalivedConf): Instance[] {
  const six = spec.furtherVips.filter(isIpv6);
  const hasOwn = six.length > 0 && [node, ...peers].every((each) => each.address6);
  const main: Instance = {
    name: mainInstance,
    own: node.address,
    peers: peers.map((peer) => peer.address),
    advertised: [spec.vip],
    silent: spec.furtherVips.filter((vip) => !hasOwn || !isIpv6(vip)),
  };
  const [first, ...others] = six;
  if (!hasOwn || !first) return [main];
  const own6 = { own: node.address6 ?? "", peers: peers.map((peer) => peer.address6 ?? "") };
  return [main, { name: `${mainInstance}_6`, ...own6, advertised: [first], silent: others }];
}

function instanceBlock(instance: Instance, conf: KeepalivedConf, tracks: boolean): string {
  const { spec } = conf;
  const features = featuresOf(conf.version);
  const dev = word(conf.interface);
  const addresses = (vips: Vip[]): string[] =>
    vips.map(({ address, prefix }) => `${word(address)}/${word(prefix)} dev ${dev}`);
  return block(`vrrp_instance ${instance.name}`, [
    "state BACKUP",
    ...(spec.preempt
      ? spec.preemptDelay
        ? [`preempt_delay ${word(spec.preemptDelay)}`]
        : []
      : ["nopreempt"]),
    `interface ${dev}`,
    `virtual_router_id ${word(spec.virtualRouterId)}`,
    `priority ${word(conf.node.priority)}`,
    `advert_int ${word(spec.advertInterval)}`,
    ...(features.downTimerAdverts ? [`down_timer_adverts ${word(spec.downTimerAdverts)}`] : []),
    ...transport(instance, spec, features.faultWithoutPeers),
    ...(spec.hmac ? inner("auth_hmac", hmacLines(spec.hmac)) : []),
    ...inner("virtual_ipaddress", addresses(instance.advertised)),
    ...inner("virtual_ipaddress_excluded", addresses(instance.silent)),
    "promote_secondaries",
    ...(tracks ? trackLines(conf) : []),
    ...notifyLine(conf),
  ]);
}

/** The agent's own program tells the user's; without an agent that one is called itself. */
function notifyLine({ spec: { notify }, agentDecides = true }: KeepalivedConf): string[] {
  const programs = [...(agentDecides ? [notifyProgram] : []), ...(notify ? [notify] : [])];
  return programs.length ? [`notify ${keepalivedCommand(programs.join(" "))}`] : [];
}

function transport({ own, peers }: Instance, spec: VrrpSpec, faultWithoutPeers: boolean): string[] {
  if (spec.multicast) return [`mcast_src_ip ${word(own)}`];
  return [
    `unicast_src_ip ${word(own)}`,
    ...inner("unicast_peer", peers.map(word)),
    "check_unicast_src",
    ...(faultWithoutPeers ? ["unicast_fault_no_peer"] : []),
  ];
}

/** Instances move together, and what is tracked counts for all of them. */
function groupBlock(instances: Instance[], conf: KeepalivedConf): string {
  const members = instances.map(({ name }) => name);
  return block(`vrrp_sync_group ${mainInstance}_all`, [...inner("group", members), ...trackLines(conf)]);
}

const sha = (text: string, length = 64): string =>
  createHash("sha256").update(text).digest("hex").slice(0, length);

/** Changes when anything does that must be the same on all nodes. */
export function specFingerprint(spec: VrrpSpec, nodes: VrrpNode[]): string {
  const sorted = nodes.map(({ name, address, address6, priority }) => [
    name,
    address,
    address6 ?? "",
    priority,
  ]);
  return sha(JSON.stringify([spec, sorted.sort()]), 16);
}

/** @throws if a setting needs a newer keepalived than the node's */
function refuseOlder({ spec, node, version }: KeepalivedConf): void {
  const features = featuresOf(version);
  if (spec.downTimerAdverts !== 3 && !features.downTimerAdverts)
    throw new Error(
      `\`keepalived.downTimerAdverts\` needs keepalived 2.2.3, ${node.name} has ${version}: remove it, or install a newer one`,
    );
  if (spec.hmac && !features.hmac)
    throw new Error(
      `\`keepalived.authHmac\` needs keepalived 2.4.2 on all nodes, ${node.name} has ${version}, which would drop the adverts of the others: remove it, or install a newer one`,
    );
}

/**
 * keepalived.conf of a node. The reasons for what it says are in docs/floating-ip.md.
 *
 * The first line names the settings that all nodes share, and the hash of the rest: a node that runs with others,
 * or whose file was changed by hand, can be told by that line alone (node/agent/keepalived_view.py).
 *
 * @throws if a value cannot stand in the file, a setting needs a newer keepalived, or `version` is too old
 */
export function keepalivedConf(conf: KeepalivedConf): string {
  const { spec, node, peers } = conf;
  refuseOlder(conf);
  const instances = instancesOf(conf);
  const grouped = instances.length > 1;
  const body = [
    `# Made by ha-rancher. A change by hand is drift: the next \`pulumi up --refresh\` takes it back.\n`,
    globals(conf),
    trackBlocks(conf),
    ...instances.map((instance) => instanceBlock(instance, conf, !grouped)),
    ...(grouped ? [groupBlock(instances, conf)] : []),
  ].join("\n");
  return `# ha-rancher ${specFingerprint(spec, [node, ...peers])} ${sha(body, 16)}\n${body}`;
}
