import { z } from "zod";
import { shownLine } from "../../domain/shown-text";
import { answerOf } from "../remote/answer";
import type { SshEndpoint } from "../remote/endpoint";
import { runNodeScript } from "../remote/script";

/** How a node's agent stands. */
export interface AgentFacts {
  /** The version that runs; undefined if none does. */
  version: string | undefined;
  /** Whether this node has the lease, by its agent or by the guard, its forerunner; without leases, a VIP. */
  serves: boolean;
  /** Whether neither of them runs. */
  idle: boolean;
  /** What must be repaired, in words for people; empty if there is nothing. */
  faults: string[];
}

/** What a node says of itself is input: only these fields are read. */
const state = z.object({
  status: z.object({
    agent: z.object({ state: z.string().max(100), version: z.string().max(100).nullish() }).optional(),
    lease: z.object({ heldHere: z.boolean() }).partial().optional(),
    /** Of an agent without a lease. */
    vips: z
      .array(z.object({ holds: z.boolean() }).partial())
      .max(100)
      .optional(),
    stale: z.boolean().optional(),
  }),
  enabled: z.boolean(),
  /** Of the units beside the agent's own. */
  units: z.array(z.string().max(300)).max(20).default([]),
  former: z.boolean(),
  formerServes: z.boolean(),
});

/** Reads what `host/agent-state` printed. */
export function parseState(stdout: string): AgentFacts {
  const { status, enabled, units, former, formerServes } = answerOf(state, "host/agent-state", stdout);
  const runs = status.agent !== undefined && status.agent.state !== "stopped";
  const faults = [
    ...(former ? ["the guard runs in place of the agent"] : []),
    ...(runs ? [] : ["the agent does not run"]),
    ...(enabled ? [] : ["the agent does not start at boot"]),
    // A guard has none of them.
    ...(former ? [] : units.map((each) => shownLine(each, 300))),
    ...(status.stale ? ["the agent runs with another configuration than the one on disk"] : []),
  ];
  return {
    version: runs ? (status.agent?.version ?? undefined) : undefined,
    serves:
      status.lease?.heldHere === true ||
      status.vips?.some(({ holds }) => holds === true) === true ||
      formerServes,
    idle: !runs && !former,
    faults,
  };
}

const started = z.object({
  version: z.string().max(100),
  was: z.enum(["started", "restarted", "unchanged", "from-guard"]),
});

export type Started = z.infer<typeof started>;

/** Reads what `host/start-agent` printed. */
export const parseStarted = (stdout: string): Started => answerOf(started, "host/start-agent", stdout);

/** Milliseconds: a service may take 600 s to stop, and systemd is slow on a busy node. */
const limits = { look: 60_000, change: 900_000 };

/** Looks at a node. @throws if it does not answer */
export const lookAt = async (ssh: SshEndpoint, limit = limits.look): Promise<AgentFacts> =>
  parseState(await runNodeScript(ssh, { path: "host/agent-state", limit }));

/** Starts a node's agent, or lets another one take over. Returns when it answers. */
export const startAgent = async (ssh: SshEndpoint): Promise<Started> =>
  parseStarted(await runNodeScript(ssh, { path: "host/start-agent", limit: limits.change }));

/** Stops a node's agent and its service in order. */
export async function stopAgent(ssh: SshEndpoint): Promise<void> {
  await runNodeScript(ssh, { path: "host/stop-agent", limit: limits.change });
}
