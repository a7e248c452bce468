import type { Action, Bounds, Fault } from "./faults";
import type { Owner } from "./probes/address";
import type { Sample } from "./probes/samples";
import type { ServiceRequest } from "./probes/service";
import type { Write } from "./probes/writes";

/** An action that was done to the stack; times are milliseconds. */
export interface Performed {
  action: Action;
  /** When it was started, and when that returned. */
  at: number;
  over: number;
  /** When it took effect, if its node tells. */
  effectAt?: number;
  error?: string;
}

/** What a client saw. */
export interface ClientView {
  /** When ICMP was answered. */
  answers: number[];
  owners: Owner[];
  asked: ServiceRequest[];
  writes: Write[];
}

/** The state of the stack at one moment. */
export interface Health {
  healthy: boolean;
  /** A sentence for people. */
  message: string;
  /** Nodes with the VIP, and nodes with a running container. */
  holders: string[];
  services: string[];
}

/**
 * Everything that was recorded in one trial. The audits judge it, the report draws it, and raw/ keeps it. All times are
 * milliseconds since the fault was injected, on one monotonic clock.
 */
export interface Recording {
  number: number;
  fault: string;
  what: string;
  /** ISO 8601. */
  date: string;
  nodes: string[];
  holder: string;
  standby: string;
  /** MAC address by node, as far as they are known. */
  macs: Record<string, string>;
  bounds: Bounds;
  /** Longer without the service breaks I7, milliseconds. */
  outage: number;
  excusedAfterResume: number;
  /** What the fault leaves its node able to keep (I9). */
  keeps?: Fault["keeps"];
  takeoverBound?: number;
  injected: Performed[];
  healed: Performed[];
  /** When healing was over, and when the stack was healthy again; undefined: never. */
  healedAt: number;
  healthyAt?: number;
  from: number;
  to: number;
  client: ClientView;
  /** The writes that the store had at the end; undefined: the service takes none, or they could not be read. */
  stored?: number[];
  samples: Record<string, Sample[]>;
  after: Health;
  /** Why the trial could not be carried out; then it says nothing about the stack. */
  problem?: string;
}

type Shifted = { at: number; over?: number; effectAt?: number };

const shiftPerformed = <T extends Shifted>(done: T, by: number): T => ({
  ...done,
  at: done.at - by,
  ...(done.over === undefined ? {} : { over: done.over - by }),
  ...(done.effectAt === undefined ? {} : { effectAt: done.effectAt - by }),
});

const shiftAsked = <T extends { sent: number; answered: number }>(asked: T, by: number): T => ({
  ...asked,
  sent: asked.sent - by,
  answered: asked.answered - by,
});

/** The same recording on a clock that starts at `zero`. */
export function since(zero: number, recording: Recording): Recording {
  const { client } = recording;
  return {
    ...recording,
    injected: recording.injected.map((done) => shiftPerformed(done, zero)),
    healed: recording.healed.map((done) => shiftPerformed(done, zero)),
    healedAt: recording.healedAt - zero,
    ...(recording.healthyAt === undefined ? {} : { healthyAt: recording.healthyAt - zero }),
    from: recording.from - zero,
    to: recording.to - zero,
    client: {
      answers: client.answers.map((at) => at - zero),
      owners: client.owners.map((owner) => ({ ...owner, at: owner.at - zero })),
      asked: client.asked.map((asked) => shiftAsked(asked, zero)),
      writes: client.writes.map((write) => shiftAsked(write, zero)),
    },
    samples: Object.fromEntries(
      Object.entries(recording.samples).map(([node, samples]) => [
        node,
        samples.map((sample) => ({ ...sample, at: sample.at - zero })),
      ]),
    ),
  };
}
