import type { Action, Bounds } from "./faults";
import type { Owner } from "./probes/address";
import type { Asked } from "./probes/https";
import type { Sample } from "./probes/samples";
import type { Write } from "./probes/writes";

/** Something that was done to the stack. */
export interface Done {
  action: Action;
  /** When it was asked for, and when that came back. */
  at: number;
  over: number;
  /** When it took effect, as far as the node says so. */
  struck?: number;
  error?: string;
}

/** What a client saw. */
export interface ClientView {
  /** When ICMP was answered. */
  answers: number[];
  owners: Owner[];
  asked: Asked[];
  writes: Write[];
}

/** How the stack was found. */
export interface Look {
  healthy: boolean;
  /** For people. */
  message: string;
  /** Nodes with the VIP, and nodes with a running container. */
  holders: string[];
  services: string[];
}

/**
 * All that is known of one trial: what the audits judge, the report draws, and the disk keeps. All times are
 * milliseconds since the fault was asked for, on one monotonic clock.
 */
export interface Recording {
  number: number;
  fault: string;
  what: string;
  /** When it was, ISO 8601. */
  date: string;
  nodes: string[];
  holder: string;
  standby: string;
  /** MAC address by node, as far as they are known. */
  macs: Record<string, string>;
  bounds: Bounds;
  /** More than that without the service is an outage. */
  outage: number;
  excusedAfterResume: number;
  takeoverBound?: number;
  injected: Done[];
  healed: Done[];
  /** When the healing was over, and when the stack was found healthy again; undefined: never. */
  healedAt: number;
  healthyAt?: number;
  from: number;
  to: number;
  client: ClientView;
  /** What the store had in the end; undefined: the service takes no writes, or they could not be read. */
  stored?: number[];
  samples: Record<string, Sample[]>;
  after: Look;
  /** Why the trial could not be carried out as meant; then it says nothing about the stack. */
  problem?: string;
}

type Shifted = { at: number; over?: number; struck?: number };

const shiftDone = <T extends Shifted>(done: T, by: number): T => ({
  ...done,
  at: done.at - by,
  ...(done.over === undefined ? {} : { over: done.over - by }),
  ...(done.struck === undefined ? {} : { struck: done.struck - by }),
});

const shiftAsked = <T extends { sent: number; answered: number }>(asked: T, by: number): T => ({
  ...asked,
  sent: asked.sent - by,
  answered: asked.answered - by,
});

/** The same on a clock that begins at `zero`. */
export function since(zero: number, recording: Recording): Recording {
  const { client } = recording;
  return {
    ...recording,
    injected: recording.injected.map((done) => shiftDone(done, zero)),
    healed: recording.healed.map((done) => shiftDone(done, zero)),
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
