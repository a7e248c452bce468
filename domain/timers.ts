import { type Mistake, mistake } from "./mistake";

/*
 * The timers that the argument for one writer stands on (docs/one-writer.md), and those around them: what each is for,
 * its default, its bounds, and the order that they must keep. The settings, agent.json, the policies and the tables in
 * the documentation are made from this file or tested against it, as is what an agent checks
 * (node/agent/core/settings.py).
 */

/** A time in seconds, or a count. */
export interface Timer {
  default: number;
  least: number;
  most: number;
  /** `s` for seconds; empty for a number of times. */
  unit: "s" | "";
  /** Whether what takes it knows no fractions. */
  whole: boolean;
  /** What it is for, without a full stop. */
  what: string;
}

const timer =
  (unit: Timer["unit"], whole: boolean) =>
  (standard: number, least: number, most: number, what: string): Timer => ({
    default: standard,
    ...{ least, most, unit, whole, what },
  });

const seconds = timer("s", false);
const wholeSeconds = timer("s", true);
const times = timer("", true);

/** The timers of `guard` in a stack's file, by the name of the setting; in agent.json they have the same names. */
export const agentTimers = {
  heartbeat: seconds(1, 0.25, 60, "Between two heartbeats of the lease's owner, seconds"),
  giveUp: seconds(6, 1, 300, "Without a heartbeat for so long the owner kills its container, seconds"),
  watchdog: wholeSeconds(
    10,
    2,
    300,
    "Without a heartbeat for so long an owner is certain not to write: a successor waits for it, and its watchdog resets a node that cannot stop; seconds",
  ),
  leaseTime: wholeSeconds(
    15,
    3,
    600,
    "Lease time of the NFS server: so long a silent owner keeps its lock; seconds",
  ),
  graceTime: wholeSeconds(
    20,
    3,
    900,
    "Grace time of the NFS server: after its restart nobody gets a new lock for so long; seconds",
  ),
  vipLoss: seconds(
    15,
    0.5,
    300,
    "Without the VIP for so long the owner hands the service over, if another node is fit for it; seconds",
  ),
  followLease: seconds(
    1.5,
    0.5,
    600,
    "With the VIP for so long while another node serves: it is given back; seconds",
  ),
  hold: seconds(10, 1, 600, "How long a VIP that was given back is refused, longer each time; seconds"),
  holdOff: seconds(60, 1, 3_600, "How long the VIP is refused after starts that failed, seconds"),
  failures: times(
    3,
    1,
    100,
    "Failures of the service without a time of being well in between, before another node tries",
  ),
  wellTime: seconds(
    60,
    1,
    3_600,
    "The service must be well for so long until its failures are forgotten, seconds",
  ),
  startLimit: seconds(60, 5, 3_600, "How long mounting, and starting the container, may take; seconds"),
  stopGrace: wholeSeconds(
    30,
    1,
    600,
    "Between SIGTERM and SIGKILL when the container is stopped in order, seconds",
  ),
  copyLimit: seconds(
    20,
    1,
    3_600,
    "How long the copy of the datastore before a start may take, seconds; after that the start goes on without",
  ),
};

/** How the agent looks whether the service is well: `guard.health` in a stack's file. */
export const healthTimers = {
  every: seconds(1, 0.5, 60, "Between two questions whether the service is well, seconds"),
  timeout: seconds(5, 0.5, 60, "What an answer may take, seconds"),
  refused: seconds(4, 0.5, 600, "Refused connections for so long count as a failure, seconds"),
  slow: seconds(
    60,
    1,
    3_600,
    "Late or wrong answers for so long count as a failure, seconds; until then the service is busy",
  ),
  deepEvery: seconds(15, 1, 3_600, "Between two deep checks, which ask the datastore, too; seconds"),
  deepTimeout: seconds(5, 0.5, 60, "What the answer to a deep check may take, seconds"),
};

/** Settings of `guard` that are gone, by path, and the way out. */
export const formerTimers: Record<string, string> = {
  "guard.giveBack": `use \`guard.followLease\` (${agentTimers.followLease.default} s): how long another node must be seen to serve until the VIP is given back`,
  "guard.restarts": `use \`guard.failures\` (${agentTimers.failures.default}): how often the service may fail before another node tries`,
  "guard.health.failures": `use \`guard.health.refused\` (${healthTimers.refused.default} s) and \`guard.health.slow\` (${healthTimers.slow.default} s): how long answers may fail`,
};

/** `startDeadline` in a stack's file. */
export const startDeadline = wholeSeconds(
  300,
  10,
  3_600,
  "Seconds that the service may take to answer before up fails",
);

/** `fencing.timeout` in a stack's file. */
export const fenceLimit = seconds(60, 5, 600, "How long fencing a node may take, seconds");

/** A value for each timer: seconds, and counts. */
export type AgentTimes = Record<keyof typeof agentTimers, number>;
type HealthTimes = Record<keyof typeof healthTimers, number>;

/** All that an agent is told; agent-configuration.ts has where. */
export interface NodeTimes extends AgentTimes {
  /** Until the service must be well after its start. */
  startDeadline: number;
  healthEvery: number;
  healthTimeout: number;
  healthRefused: number;
  healthSlow: number;
  deepEvery: number;
  deepTimeout: number;
  fenceLimit: number;
}

/** The timers of all settings as an agent is told them. */
export const nodeTimes = (
  own: AgentTimes,
  health: HealthTimes,
  others: Pick<NodeTimes, "startDeadline" | "fenceLimit">,
): NodeTimes => ({
  ...(Object.fromEntries(
    Object.keys(agentTimers).map((name) => [name, own[name as keyof AgentTimes]]),
  ) as AgentTimes),
  startDeadline: others.startDeadline,
  healthEvery: health.every,
  healthTimeout: health.timeout,
  healthRefused: health.refused,
  healthSlow: health.slow,
  deepEvery: health.deepEvery,
  deepTimeout: health.deepTimeout,
  fenceLimit: others.fenceLimit,
});

/** The defaults of some timers. */
const defaultsOf = <Name extends string>(timers: Record<Name, Timer>): Record<Name, number> =>
  Object.fromEntries(
    Object.entries<Timer>(timers).map(([name, { default: standard }]) => [name, standard]),
  ) as Record<Name, number>;

/** What each timer is where nothing is said. */
export const defaultTimes: NodeTimes = nodeTimes(defaultsOf(agentTimers), defaultsOf(healthTimers), {
  startDeadline: startDeadline.default,
  fenceLimit: fenceLimit.default,
});

type OrderedTimer =
  | "heartbeat"
  | "giveUp"
  | "watchdog"
  | "leaseTime"
  | "graceTime"
  | "followLease"
  | "vipLoss";

/** A value for each timer that must be in order, seconds. */
type OrderedTimes = Record<OrderedTimer, number>;

/** What must hold between timers. */
interface TimerRule {
  /** The timers that it is about, the wrong one first. */
  of: readonly [OrderedTimer, ...OrderedTimer[]];
  holds: (times: OrderedTimes) => boolean;
  /** What must be, given each timer as text with its value. */
  rule: (shown: Record<OrderedTimer, string>) => string;
  why: string;
}

/** The order in short, for people. */
export const orderInShort = "heartbeat < giveUp < watchdog < leaseTime <= graceTime";

/** The order of the timers. An agent checks it again, and the server's real lease time, too. */
export const timerRules: readonly TimerRule[] = [
  {
    of: ["giveUp", "heartbeat"],
    holds: ({ giveUp, heartbeat }) => giveUp >= 3 * heartbeat,
    rule: ({ heartbeat }) => `must be at least three times ${heartbeat}`,
    why: "one late heartbeat is no fault",
  },
  {
    of: ["watchdog", "giveUp", "heartbeat"],
    holds: ({ watchdog, giveUp, heartbeat }) => watchdog >= giveUp + 2 * heartbeat,
    rule: ({ giveUp, heartbeat }) => `must be at least ${giveUp} and twice ${heartbeat}`,
    why: "killing the container takes time",
  },
  {
    of: ["leaseTime", "watchdog"],
    holds: ({ leaseTime, watchdog }) => leaseTime > watchdog,
    rule: ({ watchdog }) => `must be more than ${watchdog}`,
    why: "an owner must be silent before the NFS server gives its lease away",
  },
  {
    of: ["graceTime", "leaseTime"],
    holds: ({ graceTime, leaseTime }) => graceTime >= leaseTime,
    rule: ({ leaseTime }) => `must be at least ${leaseTime}`,
    why: "after its restart the NFS server must wait for every owner that it may have had",
  },
  {
    of: ["followLease", "heartbeat"],
    holds: ({ followLease, heartbeat }) => followLease > heartbeat,
    rule: ({ heartbeat }) => `must be more than ${heartbeat}`,
    why: "that another node serves is known by its heartbeats",
  },
  {
    of: ["vipLoss", "followLease", "heartbeat"],
    holds: ({ vipLoss, followLease, heartbeat }) => vipLoss >= followLease + 3 * heartbeat,
    rule: ({ followLease, heartbeat }) => `must be at least ${followLease} and three times ${heartbeat}`,
    why: "so long a VIP takes to come back from a node that gives it back; it was 2 s where its loss always stopped the service",
  },
];

/** The mistake if timers break a rule of their order. */
export function timerMistakes(rule: TimerRule, times: OrderedTimes): Mistake[] {
  if (rule.holds(times)) return [];
  const name = (timer: string): string => `guard.${timer}`;
  const shown = Object.fromEntries(
    Object.entries(times).map(([timer, value]) => [timer, `\`${name(timer)}\` (${value} s)`]),
  ) as Record<OrderedTimer, string>;
  const [first] = rule.of;
  return [{ ...mistake(name(first), rule.rule(shown), rule.why), subject: shown[first] }];
}
