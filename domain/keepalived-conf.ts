import { createHash } from "node:crypto";
import { trackBlocks, trackLines } from "./keepalived-tracking";
import { featuresOf } from "./keepalived-version";
import { block, inner, keepalivedCommand, keepalivedWord as word } from "./keepalived-words";
import { linkedProgram } from "./node-set";
import type { Garp, Vip, VrrpSpec } from "./vrrp";
import { hmacLines } from "./vrrp-hmac";
import {
  type Floating,
  floatingOf,
  type Instance,
  instancesIn,
  type KeepalivedConf,
  priorityOf,
  type VrrpNode,
} from "./vrrp-instances";

/** By a shell: keepalived would remember the folder that the link led to when it read its file, and that one goes. */
const notifyProgram = `/bin/sh ${linkedProgram("keepalived/vrrp-notify")}`;

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

/** A VIP's instances, and what makes them move together. */
function blocksOf(floating: Floating, conf: KeepalivedConf): string[] {
  const instances = instancesIn(floating, conf);
  const grouped = instances.length > 1;
  return [
    ...instances.map((instance) => instanceBlock(instance, floating, conf, !grouped)),
    ...(grouped ? [groupBlock(instances, floating, conf)] : []),
  ];
}

function instanceBlock(
  instance: Instance,
  floating: Floating,
  conf: KeepalivedConf,
  tracks: boolean,
): string {
  const { spec } = conf;
  const features = featuresOf(conf.version);
  const dev = word(conf.interface);
  const addresses = (vips: Vip[]): string[] =>
    vips.map(({ address, prefix }) => `${word(address)}/${word(prefix)} dev ${dev}`);
  return block(`vrrp_instance ${instance.name}`, [
    "state BACKUP",
    ...(floating.preempt
      ? floating.preemptDelay
        ? [`preempt_delay ${word(floating.preemptDelay)}`]
        : []
      : ["nopreempt"]),
    `interface ${dev}`,
    `virtual_router_id ${word(floating.virtualRouterId)}`,
    `priority ${word(priorityOf(conf, floating.own?.preferred))}`,
    `advert_int ${word(spec.advertInterval)}`,
    ...(features.downTimerAdverts ? [`down_timer_adverts ${word(spec.downTimerAdverts)}`] : []),
    ...transport(instance, spec, features.faultWithoutPeers),
    ...(spec.hmac ? inner("auth_hmac", hmacLines(spec.hmac)) : []),
    ...inner("virtual_ipaddress", addresses(instance.advertised)),
    ...inner("virtual_ipaddress_excluded", addresses(instance.silent)),
    "promote_secondaries",
    ...(tracks ? trackLines(conf, floating.own) : []),
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
function groupBlock(instances: Instance[], { instance, own }: Floating, conf: KeepalivedConf): string {
  const members = instances.map(({ name }) => name);
  return block(`vrrp_sync_group ${instance}_all`, [...inner("group", members), ...trackLines(conf, own)]);
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
  const body = [
    `# Made by ha-rancher. A change by hand is drift: the next \`pulumi up --refresh\` takes it back.\n`,
    globals(conf),
    trackBlocks(conf),
    ...floatingOf(conf).flatMap((floating) => blocksOf(floating, conf)),
  ].join("\n");
  return `# ha-rancher ${specFingerprint(spec, [node, ...peers])} ${sha(body, 16)}\n${body}`;
}
