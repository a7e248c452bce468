import { setTimeout as sleep } from "node:timers/promises";
import { clock } from "../local/clock";
import { messageOf } from "../local/errors";
import { type Action, type Fault, type Roles, toMachine } from "./faults";
import { noticed, outage } from "./faults/bounds";
import { type DrillContext, heal, perform, untilHealthy } from "./heal";
import type { Injector, Scenario } from "./random-faults";
import { type Health, type Performed, type Recording, since } from "./recording";
import { rolesOf } from "./roles";
import type { Client, Testbed } from "./testbed/testbed";

/** What a trial needs beside its fault. */
export interface Trial extends DrillContext {
  number: number;
  /** A unique name for the trial's writes. */
  run: string;
  /** From 0 to 1: at which point of an advert interval the fault comes. */
  phase: number;
  /** After Ctrl-C the trial heals what it has injected, and ends. */
  signal: AbortSignal;
}

/** A sleep that Ctrl-C ends. */
const pause = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  sleep(milliseconds, undefined, { signal }).catch(() => undefined);

/** Waits until the service has answered the client once: on a slow node the first answer may take seconds. */
async function firstAnswer({ view }: Client, { pace, signal }: Trial): Promise<void> {
  const begin = clock();
  while (!view.asked.some(({ ok }) => ok) && clock() - begin < pace.patience && !signal.aborted)
    await pause(pace.served / 15, signal);
}

/** Waits for as long as the fault lasts. */
async function faultEnd(fault: Fault, client: Client, roles: Roles, trial: Trial): Promise<void> {
  const { testbed, signal, pace } = trial;
  const { lasts } = fault;
  if (typeof lasts === "number") return await pause(lasts * 1000, signal);
  const begin = clock();
  const bound = outage(fault, testbed.timing);
  const moved = (): boolean =>
    roles.all.some(({ name }) => name !== roles.holder.name && testbed.samples(name).at(-1)?.container);
  // The old node may still answer for a moment; what counts is who answers after that.
  await pause(pace.served, signal);
  while (clock() - begin < bound && !signal.aborted) {
    const asked = client.view.asked.slice(-10);
    const served = asked.length === 10 && asked.every(({ ok, sent }) => ok && sent > begin + pace.served / 2);
    if (served && (lasts === "served" || moved())) return;
    await pause(pace.served / 15, signal);
  }
}

/** The actions that take a fault back. If a fence agent has turned a node off, only the drill turns it on again. */
const healActions = (fault: Fault, roles: Roles, { timing }: Testbed): Action[] => [
  ...fault.heal(roles),
  ...(timing.fenceLimit ? roles.all.map(({ name }) => toMachine(name, "power-on")) : []),
];

/** What was done to the stack in a trial. */
interface Injection {
  /** When the fault was injected. */
  zero: number;
  injected: Performed[];
  healed: Performed[];
  healedAt: number;
}

/** Gives a scenario its means; what it does is added to the lists. */
function injectorOf(
  trial: Trial,
  first: Roles,
  { injected, healed }: Pick<Injection, "injected" | "healed">,
): Injector {
  const { testbed, journal, signal, say } = trial;
  let roles = first;
  return {
    get aborted() {
      return signal.aborted;
    },
    async inject(fault) {
      try {
        roles = rolesOf(testbed, await testbed.health(), trial.phase);
      } catch {
        // Without exactly one holder the roles stay as they were.
      }
      journal.promise(fault.name, healActions(fault, roles, testbed));
      say(`${fault.name} at ${roles.holder.name}`);
      // An action may find its target broken already; that is no problem of the trial.
      const performed = await perform(testbed, fault.inject(roles), false);
      injected.push(...performed.filter(({ error }) => !error));
    },
    async heal() {
      healed.push(...(await heal(trial)));
    },
    pause: (milliseconds) => pause(milliseconds, signal),
  };
}

/** Injects the fault and waits for its end. @returns when it was injected */
async function inject(
  fault: Fault | Scenario,
  roles: Roles,
  client: Client,
  trial: Trial,
  lists: Pick<Injection, "injected" | "healed">,
): Promise<number> {
  const { testbed, journal, signal, pace } = trial;
  await pause(pace.before + trial.phase * pace.spread, signal);
  await firstAnswer(client, trial);
  const begin = clock();
  if (signal.aborted) return begin;
  if ("run" in fault) {
    await fault.run(injectorOf(trial, roles, lists));
    return begin;
  }
  journal.promise(fault.name, healActions(fault, roles, testbed));
  const zero = clock();
  lists.injected.push(...(await perform(testbed, fault.inject(roles), false)));
  await faultEnd(fault, client, roles, trial);
  return zero;
}

/** Injects the fault, and heals it in any case. @throws NotHealed; the client is stopped then */
async function injectAndHeal(
  fault: Fault | Scenario,
  roles: Roles,
  client: Client,
  trial: Trial,
): Promise<Injection> {
  const injected: Performed[] = [];
  const healed: Performed[] = [];
  let zero = clock();
  try {
    zero = await inject(fault, roles, client, trial, { injected, healed });
  } finally {
    const last = await heal(trial).catch(async (error: unknown) => {
      await client.stop();
      throw error;
    });
    healed.push(...last);
  }
  return { zero, injected, healed, healedAt: clock() };
}

/** How the stack was after a trial, and when. */
interface Recovery {
  after: Health;
  healthyAt?: number;
  /** When the client was stopped. */
  to: number;
}

/** Waits until the stack is healthy again, and stops the client. */
async function recover(fault: Fault, client: Client, zero: number, trial: Trial): Promise<Recovery> {
  const { testbed, signal, pace } = trial;
  const slowDown = setTimeout(() => client.slowDown(), pace.close);
  // Until the nodes have noticed the fault, a healthy stack means nothing.
  await pause(zero + noticed(testbed.timing) - clock(), signal);
  const limit = outage(fault, testbed.timing) + pace.patience;
  const found = signal.aborted
    ? { health: await testbed.health() }
    : await untilHealthy(trial, limit, signal);
  // Effects that come late still belong to the trial.
  await pause(pace.after, signal);
  clearTimeout(slowDown);
  const to = clock();
  await client.stop();
  const healthyAt = "at" in found ? found.at : undefined;
  return { after: found.health, to, ...(healthyAt === undefined ? {} : { healthyAt }) };
}

/** The trial's writes that the store has; or why they could not be read. */
async function readWrites({ testbed, run }: Trial): Promise<{ stored?: number[]; problem?: string }> {
  if (!testbed.takesWrites) return {};
  try {
    const stored = await testbed.readBack(run);
    await testbed.forgetWrites(run);
    return { stored };
  } catch (error) {
    return { problem: messageOf(error) };
  }
}

/** Why the samples are not enough to judge the trial: each node must have some before and after these times. */
function missingSamples(samples: Recording["samples"], before: number, after: number): string | undefined {
  const missing = Object.keys(samples).filter(
    (node) =>
      !samples[node]?.some(({ at }) => at <= before) ||
      (after > before && !samples[node]?.some(({ at }) => at >= after)),
  );
  return missing.length ? `the recorder of ${missing.join(" and ")} has no samples` : undefined;
}

/** What was recorded besides the actions: samples, the stored writes, and why the trial does not count. */
async function evidence(
  trial: Trial,
  { zero, injected, healedAt }: Injection,
  { after }: Recovery,
): Promise<Pick<Recording, "samples" | "stored" | "problem">> {
  const { testbed, signal } = trial;
  const failed = injected.find(({ error }) => error)?.error ?? testbed.accident();
  const writes = signal.aborted ? {} : await readWrites(trial);
  const samples = Object.fromEntries(testbed.nodes.map(({ name }) => [name, testbed.samples(name)]));
  const problem = signal.aborted
    ? "interrupted"
    : (failed ??
      // A stack that is not healthy has nothing to read: I7 says so.
      (after.healthy ? writes.problem : undefined) ??
      missingSamples(samples, zero, after.healthy ? healedAt : zero));
  return {
    samples,
    ...(writes.stored ? { stored: writes.stored } : {}),
    ...(problem ? { problem } : {}),
  };
}

/** What the fault may cost on this stack. */
function limits(fault: Fault, { timing }: Testbed) {
  const { takeover, keeps } = fault;
  return {
    bounds: fault.bounds(timing),
    outage: outage(fault, timing),
    // With a fence agent a paused node is off before another one serves, so nothing is excused.
    excusedAfterResume: timing.fenceLimit ? 0 : (fault.excusedAfterResume ?? 0),
    ...(takeover ? { takeoverBound: timing[takeover] } : {}),
    ...(keeps ? { keeps } : {}),
  };
}

/**
 * Runs one trial: injects a fault into a healthy stack, heals it, and waits until the stack is healthy again.
 *
 * @throws NotHealed
 */
export async function runTrial(fault: Fault | Scenario, trial: Trial, health: Health): Promise<Recording> {
  const { testbed } = trial;
  const roles = rolesOf(testbed, health, trial.phase);
  testbed.forgetSamples();
  // An accident before the trial does not count.
  testbed.accident();
  const from = clock();
  const client = await testbed.client(trial.run);
  const injection = await injectAndHeal(fault, roles, client, trial);
  const recovery = await recover(fault, client, injection.zero, trial);
  const { zero, ...actions } = injection;
  return since(zero, {
    ...{ number: trial.number, fault: fault.name, what: fault.what, date: new Date().toISOString() },
    nodes: testbed.nodes.map(({ name }) => name),
    ...{ holder: roles.holder.name, standby: roles.standby.name, macs: testbed.macs },
    ...limits(fault, testbed),
    ...actions,
    from,
    ...recovery,
    client: client.view,
    ...(await evidence(trial, injection, recovery)),
  });
}
