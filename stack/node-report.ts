import { z } from "zod";
import { asCalled } from "../local/called";
import { shownAnswerOf } from "../providers/remote/answer";

/** Characters of a text, and entries of a list, that are taken from a node's answer. */
const most = { text: 400, list: 32 };

/** What would move a terminal's cursor or change its colours, and line breaks: each is shown as a blank. */
const control = /[\p{Cc}\p{Cf}\u2028\u2029]+/gu;

/*
 * A node's answer is input: it may be of another version, or of somebody who has taken the node over. Of a part that is
 * missing or of another type nothing is known; texts and lists are cut off.
 */
const text = z
  .string()
  .transform((given) => asCalled(given.replace(control, " ").slice(0, most.text)))
  .nullish()
  .catch(undefined);
const number = z.number().min(-1e15).max(1e15).nullish().catch(undefined);
const flag = z.boolean().nullish().catch(undefined);
const list = z
  .array(z.unknown())
  .transform((given) => given.slice(0, most.list).flatMap((each) => text.parse(each) ?? []))
  .nullish()
  .catch(undefined);
const part = <T extends z.ZodRawShape>(shape: T) => z.object(shape).nullish().catch(undefined);

/** The output of `agent status` on a node (node/agent/report.py, status.py): everything as measured there at that moment. */
const nodeStatus = z.object({
  /** Times are seconds. */
  agent: part({
    /** One word in small letters (docs/agent.md); `stopped` if no agent answers. */
    state: text,
    since: number,
    reason: text,
    /** Why this node must not have the VIP. */
    fault: text,
    /** Since when; an agent that was just started does not know it. */
    faultSince: number,
    epoch: number,
    version: text,
    leaseVersion: text,
    /** What of its protection against want of memory and processor time was refused. */
    degraded: list,
  }),
  lease: part({
    /** Who has it and was heard lately, as far as this node sees. */
    owner: text,
    epoch: number,
    heldHere: flag,
    error: text,
    /** Whether the lease process is connected; since when it has not answered well. */
    alive: flag,
    unanswered: number,
    /** The owner's last record that was read here; its heartbeats are numbered. */
    record: part({ sequence: number }),
  }),
  container: part({ name: text, state: text, live: flag, words: text }),
  /** The image that the container is made from: its name in the settings, its id, and what that name means there now. */
  image: part({ name: text, id: text, named: text, digests: list }),
  mounts: part({ lease: flag, data: flag, dataLingers: flag }),
  health: part({ answer: text, words: text, failures: number, failure: text }),
  holdsVip: flag,
  /** Of an agent without a lease: each VIP (node/agent/address/report.py). */
  vips: z
    .array(
      z.object({
        ...{ name: text, address: text, holds: flag, fit: flag, less: number, reason: text, units: text },
        preferred: flag,
      }),
    )
    .transform((given) => given.slice(0, most.list))
    .nullish()
    .catch(undefined),
  fit: flag,
  fencing: part({
    agent: flag,
    agentFault: text,
    /** Whether the NFS server can cut nodes off, and why a successor would have to wait for the timers. */
    storage: flag,
    storageFault: text,
    /** Whether the watchdog is armed. */
    watchdog: flag,
    watchdogAvailable: flag,
    watchdogWords: text,
    watchdogMode: text,
  }),
  /** Reasons; null for what was not ordered. */
  orders: part({
    ...{ paused: text, stopped: text, leave: text, banned: text, prefer: text, work: text },
    /** Nodes that an operator has said are off. */
    off: list,
  }),
  /** Units that do not run, with what is the matter (node/agent/units_view.py); asked only where something is wrong. */
  units: part({ agent: text, lease: text, keepalived: text, docker: text, mount: text }),
  timers: part({ giveUp: number, lease: number, serverLease: number }),
  /** `MASTER`, `BACKUP`, `FAULT`, `INIT` or `STOPPED`; null if that is not known. */
  vrrpState: text,
  keepalived: part({
    ...{ version: text, settings: text, edited: flag, since: number, maintenance: flag },
    peers: list,
    heard: list,
  }),
  /** Why the agent would refuse the configuration that is on disk; null if it would not. */
  configuration: text,
  uptime: number,
});

export type NodeStatus = z.infer<typeof nodeStatus>;

/** A node in `status`: its own report, or the reason why there is none. */
export interface NodeReport {
  name: string;
  address: string;
  /** Undefined if the node could not be asked. */
  status?: NodeStatus;
  error?: string;
}

/** What is said of a node that answers, on which nothing of ours is yet. */
export const notSetUp = "reached; not set up yet";

/** Reads what `agent status` printed. @throws if it is no JSON object */
export const parseNodeStatus = (answer: string): NodeStatus =>
  shownAnswerOf(nodeStatus, "agent status", answer);

/** What a node says of a VIP that moves by itself. */
export type VipStatus = NonNullable<NodeStatus["vips"]>[number];

/** Whether an agent runs there. */
export const agentRuns = ({ status }: NodeReport): boolean =>
  Boolean(status?.agent?.state) && status?.agent?.state !== "stopped";

/** What a node's agent says of its state, or why nothing is known. */
export const wordsOf = ({ status, error }: NodeReport): string =>
  error ?? status?.agent?.fault ?? status?.agent?.reason ?? status?.agent?.state ?? "unknown";
