import { z } from "zod";
import { answerOf } from "../../providers/remote/answer";
import type { KnownNode, KnownStack } from "../../stack/known-stack";
import type { Need, Timing } from "../faults";
import { ask, installDrill, runVerb } from "./node-commands";
import type { Server } from "./server";

const guardTimes = z.object({
  heartbeat: z.number(),
  giveUp: z.number(),
  watchdog: z.number(),
  leaseTime: z.number(),
  vipLoss: z.number(),
  giveBack: z.number(),
  hold: z.number(),
  holdOff: z.number(),
  startLimit: z.number(),
  startDeadline: z.number(),
  stopGrace: z.number(),
  fenceLimit: z.number(),
});

/** Milliseconds, as `fault limits` prints them. */
export type GuardTimes = z.infer<typeof guardTimes>;

/** What the drill must know about a node. */
export interface NodeFacts extends KnownNode {
  /** The guard's times, in milliseconds. */
  limits: GuardTimes;
  /** MAC address of the interface with the node's address; empty: unknown. */
  mac: string;
  /** The id of the container to watch. */
  container: string;
  /** Whether delay and loss can be made with tc-netem(8). */
  netem: boolean;
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

/** Installs the drill's files on a node, and asks the node for its facts. @throws if it has no container */
export async function factsOf(node: KnownNode): Promise<NodeFacts> {
  await installDrill(node);
  const limits = answerOf(guardTimes, "drill/fault", await runVerb(node, "limits", []));
  const addresses = (await ask(node, "ip -j addr")) ?? "[]";
  const container = await ask(
    node,
    ". /etc/ha-rancher/guard.conf && docker inspect --type container --format '{{.Id}}' \"$CONTAINER\"",
  );
  if (!container) throw new Error(`${node.name} has no container to watch: \`npm run up\` makes it`);
  const netem = (await ask(node, "modprobe -q sch_netem && command -v tc")) !== undefined;
  return { ...node, limits, mac: macOf(addresses, node.address), container, netem };
}

/** The stack's timers, the guard's as its nodes have them. @param limits see {@link NodeFacts} */
export function timingOf(stack: KnownStack, limits: GuardTimes, server: Server | undefined): Timing {
  const { crash = 1, planned = 0.2 } = stack.takeover ?? {};
  return {
    ...limits,
    ...{ crash: crash * 1000, planned: planned * 1000, grace: server?.grace ?? usualGrace, boot: bootLimit },
  };
}

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
  const lacking = nodes.filter(({ netem }) => !netem).map(({ name }) => name);
  if (lacking.length) cannot.set("netem", `the kernel of ${lacking.join(" and ")} has no sch_netem`);
  return cannot;
}
