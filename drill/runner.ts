import { cpus, release, totalmem } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { audit } from "./audits/invariants";
import { type Fault, faults } from "./faults";
import type { Ground } from "./ground/ground";
import type { Journal } from "./journal";
import { nemesis, type Play } from "./nemesis";
import { randomFrom, shuffled } from "./random";
import type { Recording } from "./recording";
import { type DrillReport, rowsOf, type TrialResult, trialResult } from "./report/summary";
import { type HealedBy, heal, type Pace, realPace, runTrial, untilHealthy } from "./trial";

/** What a drill is to do. */
export interface Order {
  faults: readonly Fault[];
  /** Of each fault, those in `before` among them. */
  trials: number;
  /** What a drill before has found, which this one goes on from; default: nothing. */
  before?: readonly TrialResult[];
  seed: number;
  /** Minutes of faults at random, after the trials. */
  nemesis?: number;
  /** Hosts that may be broken in ways that need hands. */
  breakable: readonly string[];
  /** Default: that of real stacks. */
  pace?: Pace;
}

export interface Hooks {
  say(line: string): void;
  /** Called with each trial once it is judged. */
  judged(recording: Recording, result: TrialResult): void;
  signal: AbortSignal;
}

/** The stack must not be drilled: why. */
export class Refused extends Error {}

/** Why a fault is not possible there; undefined if it is. */
export function whyNot(fault: Fault, ground: Ground, breakable: readonly string[]): string | undefined {
  const missing = fault.needs.map((need) => ground.cannot.get(need)).find((why) => why !== undefined);
  if (missing) return missing;
  const spared = fault.breaksHost ? ground.hosts.filter((host) => !breakable.includes(host)) : [];
  return spared.length
    ? `it may leave ${spared.join(" and ")} off: ${spared.map((host) => `\`--yes-break ${host}\``).join(" ")} allows it`
    : undefined;
}

const machineOf = (): string => {
  const [first] = cpus();
  return `${cpus().length} × ${first?.model.trim() ?? "?"}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}`;
};

/**
 * Takes back what a drill before has left broken.
 *
 * @throws Refused if the stack is not healthy then
 */
export async function healLeftovers(by: HealedBy): Promise<void> {
  const { journal, say } = by;
  if (journal.pending.length === 0) return;
  say("the drill before this one did not come to its end: taking back what it has done");
  await heal(by);
  const { look } = await untilHealthy(by, by.pace.recovery);
  if (!look.healthy)
    throw new Refused(
      `what the drill before had done is taken back, and the stack is not healthy: ${look.message}`,
    );
}

/** Waits until the recorders are there and the stack is healthy. @throws Refused if it is not within 45 s */
async function mustBeHealthy(by: HealedBy): Promise<void> {
  const { look } = await untilHealthy(by, 15 * by.pace.look);
  if (!look.healthy)
    throw new Refused(
      `the stack is not healthy, and a drill would say nothing: ${look.message}. \`npm run up\` mends what is broken, \`npm run status\` shows it`,
    );
}

/**
 * Lets faults happen, one trial after the other in an order of chance, and judges each.
 *
 * @returns what was found, also if it had to end early
 * @throws Refused if the stack is not healthy at the start; nothing is broken then
 */
export async function drill(
  ground: Ground,
  journal: Journal,
  order: Order,
  hooks: Hooks,
): Promise<DrillReport> {
  const { say, signal } = hooks;
  const by: HealedBy = { ground, journal, say, pace: order.pace ?? realPace };
  await healLeftovers(by);
  await mustBeHealthy(by);
  const why = (fault: Fault): string | undefined => whyNot(fault, ground, order.breakable);
  const skipped = order.faults.flatMap((fault) => {
    const reason = why(fault);
    return reason === undefined ? [] : [{ fault: fault.name, why: reason }];
  });
  for (const each of skipped) say(`${each.fault} is left out: ${each.why}`);
  const random = randomFrom(order.seed);
  const possible = order.faults.filter((fault) => why(fault) === undefined);
  const { before = [] } = order;
  const missing = ({ name }: Fault): number =>
    Math.max(0, order.trials - before.filter(({ fault }) => fault === name).length);
  const plan: (Fault | Play)[] = shuffled(
    possible.flatMap((fault) => Array.from({ length: missing(fault) }, () => fault)),
    random,
  );
  const first = 1 + Math.max(0, ...before.map(({ number }) => number));
  const singles = faults.filter((fault) => !fault.name.includes("+") && why(fault) === undefined);
  if (order.nemesis) plan.push(nemesis(order.nemesis, singles, random));
  const results: TrialResult[] = [...before];
  const report = (interrupted?: string): DrillReport => ({
    version: 1,
    date: new Date().toISOString(),
    stack: ground.stack,
    place: ground.place,
    machine: machineOf(),
    nodes: ground.nodes.map(({ name }) => name),
    seed: order.seed,
    ...(interrupted ? { interrupted } : {}),
    skipped,
    rows: rowsOf(
      results,
      faults.map(({ name }) => name),
    ),
    trials: results,
  });
  const runs = `${Date.now().toString(36)}-${order.seed}`;
  for (const [i, fault] of plan.entries()) {
    if (signal.aborted) return report("Ctrl-C");
    const { look } = await untilHealthy(by, by.pace.recovery, signal);
    if (signal.aborted) return report("Ctrl-C");
    if (!look.healthy) return report(`the stack did not become healthy again: ${look.message}`);
    await sleep(2 * by.pace.look);
    say(`${i + 1} of ${plan.length}: ${fault.name} at ${look.holders.join(" and ")}`);
    const trial = { ...by, number: first + i, run: `${runs}-${i + 1}`, phase: random(), signal };
    let recording: Recording;
    try {
      recording = await runTrial(fault, trial, look);
    } catch (error) {
      // What was measured until here is worth its time, whatever happened.
      return report(`${fault.name}: ${error instanceof Error ? error.message : error}`);
    }
    const result = trialResult(recording, audit(recording));
    hooks.judged(recording, result);
    if (!signal.aborted) results.push(result);
  }
  return report(signal.aborted ? "Ctrl-C" : undefined);
}
