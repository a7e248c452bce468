import { setTimeout as sleep } from "node:timers/promises";
import { clock } from "../local/clock";
import type { Action, Cast, Fault } from "./faults";
import { shownAction, toMachine } from "./faults";
import { noticed, outage } from "./faults/bounds";
import type { Client, Ground } from "./ground/ground";
import type { Journal } from "./journal";
import type { Play, Stage } from "./nemesis";
import { type Done, type Look, type Recording, since } from "./recording";

/** What healing needs. */
export interface HealedBy {
  ground: Ground;
  journal: Journal;
  say: (line: string) => void;
  pace: Pace;
}

/** What a trial needs beside its fault. */
export interface Trial extends HealedBy {
  number: number;
  /** A name of its own for its writes. */
  run: string;
  /** From 0 to 1: in which part of an interval the fault falls. */
  phase: number;
  /** Ctrl-C: what is injected is healed, and no more. */
  signal: AbortSignal;
}

/** How long things are waited for, milliseconds. */
export interface Pace {
  /** From the client's start to the fault; and the time over which chance spreads it. */
  before: number;
  spread: number;
  /** A fault that lasts until the service answers again lasts at least so long. */
  served: number;
  /** Between two looks, and two tries to heal. A look is a login on each node, which slows down what it looks at. */
  look: number;
  /** After healing it is looked at closely for so long. */
  close: number;
  /** From the first healthy look to the end. */
  after: number;
  /** Until the stack is healthy again, beside what the fault's bound allows. */
  patience: number;
  /** Tries to heal what does not answer are given up then. */
  healing: number;
  /** What was broken by a drill or trial before may take so long to be healthy again. */
  recovery: number;
}

/** Of real stacks. */
export const realPace: Pace = {
  ...{ before: 1_500, spread: 1_000, served: 3_000, look: 3_000, close: 5_000, after: 2_500 },
  ...{ patience: 120_000, healing: 180_000, recovery: 300_000 },
};

/** The stack was told to stop being broken, and was not. */
export class NotHealed extends Error {}

/** Runs actions one after the other; one that fails ends it unless all are to be run. */
async function perform(ground: Ground, actions: readonly Action[], all: boolean): Promise<Done[]> {
  const done: Done[] = [];
  for (const action of actions) {
    const at = clock();
    try {
      const struck = await ground.perform(action);
      done.push({ action, at, over: clock(), ...(struck === undefined ? {} : { struck }) });
    } catch (error) {
      done.push({ action, at, over: clock(), error: error instanceof Error ? error.message : String(error) });
      if (!all) break;
    }
  }
  return done;
}

/**
 * Takes back all that the journal says, however long it takes a node to answer again.
 *
 * @throws NotHealed if something could not be taken back; it stays in the journal
 */
export async function heal({ ground, journal, say, pace }: HealedBy): Promise<Done[]> {
  const end = clock() + pace.healing;
  const all: Done[] = [];
  for (;;) {
    const done = await perform(ground, [...journal.pending], true);
    all.push(...done.filter(({ error }) => !error));
    journal.done(done.filter(({ error }) => !error).map(({ action }) => action));
    const failed = done.filter(({ error }) => error);
    if (failed.length === 0) return all;
    const shown = failed
      .map(({ action, error }) => `${shownAction(action)} (${error?.split("\n")[0]})`)
      .join("; ");
    if (clock() > end)
      throw new NotHealed(
        `this could not be taken back: ${shown}. It is in the journal: mend the cause, and start a drill again, which takes it back first`,
      );
    say(`not taken back yet: ${shown}`);
    await sleep(2 * pace.look);
  }
}

/** Looks again and again until the stack is healthy. */
export async function untilHealthy(
  { ground, pace }: Pick<HealedBy, "ground" | "pace">,
  limit: number,
  signal?: AbortSignal,
): Promise<{ look: Look; at?: number }> {
  const end = clock() + limit;
  for (;;) {
    const at = clock();
    const look = await ground.look();
    if (look.healthy) return { look, at };
    if (clock() > end || signal?.aborted) return { look };
    await sleep(pace.look);
  }
}

/** A sleep that Ctrl-C ends. */
const pause = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  sleep(milliseconds, undefined, { signal }).catch(() => undefined);

/** What the client has not had before the fault it cannot miss: on a slow node its first question may take seconds. */
async function firstAnswer({ view }: Client, { pace, signal }: Trial): Promise<void> {
  const begin = clock();
  while (!view.asked.some(({ ok }) => ok) && clock() - begin < pace.patience && !signal.aborted)
    await pause(pace.served / 15, signal);
}

/** Waits as long as the fault is to last. */
async function last(fault: Fault, client: Client, cast: Cast, trial: Trial): Promise<void> {
  const { ground, signal, pace } = trial;
  const { lasts } = fault;
  if (typeof lasts === "number") return await pause(lasts * 1000, signal);
  const begin = clock();
  const bound = outage(fault, ground.timing);
  const moved = (): boolean =>
    cast.all.some(({ name }) => name !== cast.holder.name && ground.samples(name).at(-1)?.container);
  // Up to here the old one may still answer; the question after that is who does now.
  await pause(pace.served, signal);
  while (clock() - begin < bound && !signal.aborted) {
    const asked = client.view.asked.slice(-10);
    const served = asked.length === 10 && asked.every(({ ok, sent }) => ok && sent > begin + pace.served / 2);
    if (served && (lasts === "served" || moved())) return;
    await pause(pace.served / 15, signal);
  }
}

function castOf(ground: Ground, look: Look, phase: number): Cast {
  const holder = ground.nodes.find(({ name }) => name === look.holders[0]);
  const others = ground.nodes.filter((node) => node !== holder);
  const standby = others[Math.floor(phase * others.length) % others.length];
  if (!holder || !standby)
    throw new Error(`before the fault the holders were ${look.holders.join(" and ") || "none"}`);
  return { holder, standby, all: ground.nodes };
}

/**
 * What takes a fault back. Where an agent fences, a node may be off that was only cut off, and nobody but the drill starts
 * it again.
 */
const healing = (fault: Fault, cast: Cast, { timing }: Ground): Action[] => [
  ...fault.heal(cast),
  ...(timing.fenceLimit ? cast.all.map(({ name }) => toMachine(name, "power-on")) : []),
];

/** The stage of a play: a fault hits whoever has the VIP by then, or had it last. */
function stageOf(trial: Trial, cast: Cast, injected: Done[], healed: Done[]): Stage {
  const { ground, journal, signal, say } = trial;
  let now = cast;
  return {
    get over() {
      return signal.aborted;
    },
    async inject(fault) {
      try {
        now = castOf(ground, await ground.look(), trial.phase);
      } catch {
        // No holder, or two: as before.
      }
      journal.promise(fault.name, healing(fault, now, ground));
      say(`${fault.name} at ${now.holder.name}`);
      const done = await perform(ground, fault.inject(now), false);
      // What a fault finds broken already it cannot break: no problem of the trial's.
      injected.push(...done.filter(({ error }) => !error));
    },
    async heal() {
      healed.push(...(await heal(trial)));
    },
    pause: (milliseconds) => pause(milliseconds, signal),
  };
}

/** What nobody has looked at says nothing: why a trial does not count. Each node has samples before and after. */
function blindSpot(samples: Recording["samples"], before: number, after: number): string | undefined {
  const blind = Object.keys(samples).filter(
    (node) =>
      !samples[node]?.some(({ at }) => at <= before) ||
      (after > before && !samples[node]?.some(({ at }) => at >= after)),
  );
  return blind.length ? `the recorder of ${blind.join(" and ")} told nothing` : undefined;
}

/**
 * Lets one fault happen to a healthy stack, heals it, and waits until the stack is healthy again.
 *
 * @throws NotHealed
 */
export async function runTrial(fault: Fault | Play, trial: Trial, look: Look): Promise<Recording> {
  const { ground, journal, signal, pace } = trial;
  const cast = castOf(ground, look, trial.phase);
  ground.forgetSamples();
  // What was before it is not its affair.
  ground.accident();
  const from = clock();
  const client = await ground.client(trial.run);
  const healed: Done[] = [];
  const injected: Done[] = [];
  let zero = clock();
  let healedAt = zero;
  try {
    await pause(pace.before + trial.phase * pace.spread, signal);
    await firstAnswer(client, trial);
    if (!signal.aborted) {
      zero = clock();
      if ("play" in fault) await fault.play(stageOf(trial, cast, injected, healed));
      else {
        journal.promise(fault.name, healing(fault, cast, ground));
        zero = clock();
        injected.push(...(await perform(ground, fault.inject(cast), false)));
        await last(fault, client, cast, trial);
      }
    }
  } finally {
    const taken = await heal(trial).catch(async (error: unknown) => {
      await client.stop();
      throw error;
    });
    healed.push(...taken);
    healedAt = clock();
  }
  const calm = setTimeout(() => client.calm(), pace.close);
  // What goes by before the nodes have noticed: a stack that is still healthy then is no answer.
  await pause(zero + noticed(ground.timing) - clock(), signal);
  const found = signal.aborted
    ? { look: await ground.look() }
    : await untilHealthy(trial, outage(fault, ground.timing) + pace.patience, signal);
  // A moment of peace, so that what comes late is seen.
  await pause(pace.after, signal);
  clearTimeout(calm);
  const to = clock();
  await client.stop();
  let stored: number[] | undefined;
  let problem = injected.find(({ error }) => error)?.error ?? ground.accident();
  if (signal.aborted) problem = "interrupted";
  else if (ground.takesWrites)
    try {
      stored = await ground.readBack(trial.run);
      await ground.forgetWrites(trial.run);
    } catch (error) {
      // Without a service there is nothing to read: I7 has said so, if it is not the drill's own doing.
      if (found.look.healthy) problem ??= error instanceof Error ? error.message : String(error);
    }
  const samples = Object.fromEntries(ground.nodes.map(({ name }) => [name, ground.samples(name)]));
  problem ??= blindSpot(samples, zero, found.look.healthy ? healedAt : zero);
  const { takeover } = fault;
  return since(zero, {
    number: trial.number,
    fault: fault.name,
    what: fault.what,
    date: new Date().toISOString(),
    nodes: ground.nodes.map(({ name }) => name),
    holder: cast.holder.name,
    standby: cast.standby.name,
    macs: ground.macs,
    bounds: fault.bounds(ground.timing),
    outage: outage(fault, ground.timing),
    // With an agent, whoever serves next has made certain that a paused node is off.
    excusedAfterResume: ground.timing.fenceLimit ? 0 : (fault.excusedAfterResume ?? 0),
    ...(takeover ? { takeoverBound: ground.timing[takeover] } : {}),
    injected,
    healed,
    healedAt,
    ...("at" in found && found.at !== undefined ? { healthyAt: found.at } : {}),
    from,
    to,
    client: client.view,
    ...(stored ? { stored } : {}),
    samples,
    after: found.look,
    ...(problem ? { problem } : {}),
  });
}
