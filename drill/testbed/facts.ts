import { z } from "zod";
import { readAgentConfiguration } from "../../domain/agent-configuration";
import { shellQuote } from "../../domain/shell-quote";
import { callOf } from "../../local/called";
import { answerOf } from "../../providers/remote/answer";
import type { KnownNode, KnownStack } from "../../stack/known-stack";
import { type Need, type SystemNeed, systemNeeds, type Timing } from "../faults";
import { ask, installDrill, runVerb } from "./node-commands";
import type { Server } from "./server";

/** The agents' times, as agent.json has them. */
type Limits = Pick<
  Timing,
  | "heartbeat"
  | "giveUp"
  | "watchdog"
  | "leaseTime"
  | "vipLoss"
  | "followLease"
  | "hold"
  | "holdOff"
  | "startLimit"
  | "startDeadline"
  | "stopGrace"
  | "wellTime"
  | "slow"
  | "fenceLimit"
>;

/** What the drill must know about a node. */
export interface NodeFacts extends KnownNode {
  /** The agent's times, in milliseconds. */
  limits: Limits;
  /** MAC address of the interface with the node's address; empty: unknown. */
  mac: string;
  /** The id of the container to watch. */
  container: string;
  dataDirectory: string;
  /** What its system has for faults that need it. */
  has: SystemNeed[];
}

/** Milliseconds from power-on to SSH, at most. */
const bootLimit = 120_000;
/** The NFS server's grace time if it is not known: the kernel's default. */
const usualGrace = 90_000;

/** The MAC address of the interface with an address, from the output of `ip -j addr`. */
function macOf(json: string, address: string): string {
  const interfaces = JSON.parse(json) as { address?: string; addr_info?: { local?: string }[] }[];
  const own = interfaces.find(({ addr_info = [] }) => addr_info.some(({ local }) => local === address));
  return own?.address ?? "";
}

/** The times that an agent.json says. @param fences whether nodes are turned off by a fence agent */
function limitsOf(text: string, fences: boolean): Limits {
  const { times } = readAgentConfiguration(text);
  const milliseconds = (value: number): number => Math.round(value * 1_000);
  return {
    heartbeat: milliseconds(times.heartbeat),
    giveUp: milliseconds(times.giveUp),
    watchdog: milliseconds(times.watchdog),
    leaseTime: milliseconds(times.leaseTime),
    vipLoss: milliseconds(times.vipLoss),
    followLease: milliseconds(times.followLease),
    hold: milliseconds(times.hold),
    holdOff: milliseconds(times.holdOff),
    startLimit: milliseconds(times.startLimit),
    startDeadline: milliseconds(times.startDeadline),
    stopGrace: milliseconds(times.stopGrace),
    wellTime: milliseconds(times.wellTime),
    slow: milliseconds(times.healthSlow),
    fenceLimit: fences ? milliseconds(times.fenceLimit) : 0,
  };
}

/** The rest of agent.json that the drill needs. */
const told = z.object({ data: z.object({ directory: z.string() }), fence: z.unknown().optional() });
const service = z.object({ container: z.string() });

/** A file of a node. @throws with the way out if it is not there */
async function fileOf(node: KnownNode, path: string): Promise<string> {
  const text = await ask(node, `cat ${path}`);
  if (!text) throw new Error(`${node.name} has no ${path}: \`${callOf("up")}\` writes it`);
  return text;
}

/** Installs the drill's files on a node, and asks the node for its facts. @throws if it has no container */
export async function factsOf(node: KnownNode): Promise<NodeFacts> {
  await installDrill(node);
  const text = await fileOf(node, "/etc/ha-rancher/agent.json");
  const { data, fence } = answerOf(told, "agent.json", text);
  const { container: name } = answerOf(
    service,
    "service.json",
    await fileOf(node, "/etc/ha-rancher/service.json"),
  );
  const addresses = (await ask(node, "ip -j addr")) ?? "[]";
  const inspect = `docker inspect --type container --format '{{.Id}}' ${shellQuote(name)}`;
  const container = await ask(node, inspect);
  if (!container) throw new Error(`${node.name} has no container to watch: \`${callOf("up")}\` makes it`);
  const words = (await runVerb(node, "can", [])).split("\n");
  return {
    ...node,
    limits: limitsOf(text, fence !== undefined),
    ...{ mac: macOf(addresses, node.address), container, dataDirectory: data.directory },
    has: systemNeeds.filter((need) => words.includes(need)),
  };
}

/** The stack's timers, the agents' as a node has them. @param limits see {@link NodeFacts} */
export function timingOf(stack: KnownStack, limits: Limits, server: Server | undefined): Timing {
  const { crash = 1, planned = 0.2 } = stack.takeover ?? {};
  return {
    ...limits,
    ...{ crash: crash * 1000, planned: planned * 1000, grace: server?.grace ?? usualGrace, boot: bootLimit },
  };
}

/** What is said of nodes that have not what a fault needs. */
const without: Record<SystemNeed, string> = {
  netem: "cannot delay packets: the kernel has no sch_netem, or tc is missing",
  networkd: "is not run by systemd-networkd",
  networkmanager: "is not run by NetworkManager",
  dhcp: "has no address by DHCP from systemd-networkd or dhclient",
  needrestart: "has no needrestart",
};

/**
 * What is not possible on a stack, and why.
 *
 * @param hosts the names of the nodes that are no machines of this project
 */
export function missingNeeds(
  nodes: readonly NodeFacts[],
  hosts: readonly string[],
  server: Server | undefined,
): Map<Need, string> {
  const cannot = new Map<Need, string>();
  if (hosts.length)
    for (const need of ["pause", "link"] as const)
      cannot.set(need, `${hosts.join(" and ")} is no machine of this project: its hypervisor is not known`);
  if (!server) cannot.set("server", "the NFS server is not the lab's: others may use it");
  for (const need of systemNeeds) {
    const lacking = nodes.filter(({ has }) => !has.includes(need)).map(({ name }) => name);
    if (lacking.length) cannot.set(need, `${lacking.join(" and ")} ${without[need]}`);
  }
  return cannot;
}
