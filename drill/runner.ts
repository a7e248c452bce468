import { cpus, release, totalmem } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { callOf } from "../local/called";
import { audit } from "./audits/invariants";
import { type Fault, faults } from "./faults";
import { type DrillContext, heal, untilHealthy } from "./heal";
import type { Journal } from "./journal";
import { type Pace, realPace } from "./pace";
import { type Random, randomFrom, shuffled } from "./random";
import { randomFaults, type Scenario } from "./random-faults";
import type { Health, Recording } from "./recording";
import { type DrillReport, reportOf } from "./report/summary";
import { type TrialResult, trialResult } from "./report/trial";
import type { Testbed } from "./testbed/testbed";
import { runTrial } from "./trial";

/** What a drill is to do. */
export interface Order {
  faults: readonly Fault[];
  /** Trials of each fault, those in `before` included. */
  trials: number;
  /** Trials of an earlier drill, which this one continues; default: none. */
  before?: readonly TrialResult[];
  seed: number;
  /** Minutes of random faults after the trials. */
  randomMinutes?: number;
  /** Hosts that may be left off until somebody turns them on. */
  breakable: readonly string[];
  /** Default: the pace for real stacks. */
  pace?: Pace;
}

interface Hooks {
  /** Shows a line of progress. */
  say(line: string): void;
  /** Called with each trial once it is judged. */
  judged(recording: Recording, result: TrialResult): void;
  /** Ends the drill after healing. */
  signal: AbortSignal;
}

/** The stack must not be drilled; the message says why. */
export class Refused extends Error {}

/** Why a fault is not possible on a testbed; undefined if it is. */
function reasonToSkip(fault: Fault, testbed: Testbed, breakable: readonly string[]): string | undefined {
  const missing = fault.needs.map((need) => testbed.cannot.get(need)).find((why) => why !== undefined);
  if (missing) return missing;
  const spared = fault.breaksHost ? testbed.hosts.filter((host) => !breakable.includes(host)) : [];
  return spared.length
    ? `it may leave ${spared.join(" and ")} off: ${spared.map((host) => `\`--yes-break ${host}\``).join(" ")} allows it`
    : undefined;
}

/** The machine that drills, for the report. */
const machineOf = (): string => {
  const [first] = cpus();
  return `${cpus().length} × ${first?.model.trim() ?? "?"}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}`;
};

/**
 * Takes back what an earlier drill has left broken.
 *
 * @throws Refused if the stack does not become healthy
 */
async function healLeftovers(context: DrillContext): Promise<void> {
  const { journal, say, pace } = context;
  if (journal.pending.length === 0) return;
  say("the last drill did not finish: taking back what it has done");
  await heal(context);
  const { health } = await untilHealthy(context, pace.recovery);
  if (!health.healthy)
    throw new Refused(
      `the faults of the last drill are taken back, but the stack is not healthy: ${health.message}`,
    );
}

/** Waits for the recorders and a healthy stack. @throws Refused if the stack is not healthy within 15 checks */
async function mustBeHealthy(context: DrillContext): Promise<void> {
  const { health } = await untilHealthy(context, 15 * context.pace.check);
  if (!health.healthy)
    throw new Refused(
      `the stack is not healthy, and a drill would say nothing: ${health.message}. \`${callOf("status")}\` shows what is wrong, \`${callOf("up")}\` mends it`,
    );
}

/** The faults that are skipped, with the reasons. */
const skippedOf = ({ faults: wanted, breakable }: Order, testbed: Testbed): DrillReport["skipped"] =>
  wanted.flatMap((fault) => {
    const why = reasonToSkip(fault, testbed, breakable);
    return why === undefined ? [] : [{ fault: fault.name, why }];
  });

/** All trials to be done, in a random order; random faults come last. */
function planOf(
  { faults: wanted, trials, before = [], breakable, randomMinutes }: Order,
  testbed: Testbed,
  random: Random,
): (Fault | Scenario)[] {
  const isPossible = (fault: Fault): boolean => reasonToSkip(fault, testbed, breakable) === undefined;
  const missing = ({ name }: Fault): number =>
    Math.max(0, trials - before.filter(({ fault }) => fault === name).length);
  const plan: (Fault | Scenario)[] = shuffled(
    wanted.filter(isPossible).flatMap((fault) => Array.from({ length: missing(fault) }, () => fault)),
    random,
  );
  if (!randomMinutes) return plan;
  const singles = faults.filter((fault) => !fault.name.includes("+") && isPossible(fault));
  return [...plan, randomFaults(randomMinutes, singles, random)];
}

/** A trial that could not be carried out says nothing about the stack, and is tried once more; what it broke counts. */
const saysNothing = ({ problem, breaches }: TrialResult): boolean =>
  problem !== undefined && breaches.length === 0;

/** Runs the trials of a plan and adds their results. @returns why it ended early, if it did */
async function runPlan(
  plan: readonly (Fault | Scenario)[],
  context: DrillContext,
  { seed, before = [] }: Order,
  random: Random,
  { judged, signal }: Hooks,
  results: TrialResult[],
): Promise<string | undefined> {
  const { say, pace } = context;
  const runs = `${Date.now().toString(36)}-${seed}`;
  let number = Math.max(0, ...before.map((each) => each.number));
  let last: Health | undefined;
  const once = async (fault: Fault | Scenario, title: string): Promise<TrialResult | string> => {
    const { health } = await untilHealthy(context, pace.recovery, signal, last);
    if (signal.aborted) return "Ctrl-C";
    if (!health.healthy) return `the stack did not become healthy again: ${health.message}`;
    // After logins the nodes need a moment.
    if (health !== last) await sleep(2 * pace.check);
    say(`${title}: ${fault.name} at ${health.holders.join(" and ")}`);
    const trial = { ...context, number: ++number, run: `${runs}-${number}`, phase: random(), signal };
    let recording: Recording;
    try {
      recording = await runTrial(fault, trial, health);
    } catch (error) {
      // The trials before this one are worth a report.
      return `${fault.name}: ${error instanceof Error ? error.message : error}`;
    }
    const result = trialResult(recording, audit(recording));
    judged(recording, result);
    last = recording.after;
    return signal.aborted ? "Ctrl-C" : result;
  };
  for (const [i, fault] of plan.entries()) {
    const title = `${i + 1} of ${plan.length}`;
    const first = await once(fault, title);
    const again = typeof first !== "string" && saysNothing(first);
    const result = again ? await once(fault, `${title}, once more`) : first;
    if (typeof result === "string") return result;
    results.push(result);
  }
  return signal.aborted ? "Ctrl-C" : undefined;
}

/**
 * Runs a drill: one trial after the other in a random order, each of them judged.
 *
 * @returns the report, also if the drill ended early
 * @throws Refused if the stack is not healthy at the start; nothing is broken then
 */
export async function drill(
  testbed: Testbed,
  journal: Journal,
  order: Order,
  hooks: Hooks,
): Promise<DrillReport> {
  const context: DrillContext = { testbed, journal, say: hooks.say, pace: order.pace ?? realPace };
  await healLeftovers(context);
  await mustBeHealthy(context);
  const skipped = skippedOf(order, testbed);
  for (const { fault, why } of skipped) hooks.say(`${fault} is left out: ${why}`);
  const random = randomFrom(order.seed);
  const results = [...(order.before ?? [])];
  const plan = planOf(order, testbed, random);
  const interrupted = await runPlan(plan, context, order, random, hooks, results);
  return reportOf(
    {
      ...{ stack: testbed.stack, place: testbed.place, machine: machineOf() },
      nodes: testbed.nodes.map(({ name }) => name),
      seed: order.seed,
      ...(interrupted ? { interrupted } : {}),
      skipped,
    },
    results,
  );
}
