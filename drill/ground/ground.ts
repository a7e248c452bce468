import type { Action, Actor, Need, Timing } from "../faults";
import type { Sample } from "../probes/samples";
import type { ClientView, Look } from "../recording";

/** A client that looks at the stack from outside of its nodes, from its start until it is stopped. */
export interface Client {
  /** What it has seen so far; times on the monotonic clock. */
  readonly view: ClientView;
  /** Looks less often from now on: what is left is that a node comes back. */
  calm(): void;
  /** Ends it once its last write has its outcome. */
  stop(): Promise<void>;
}

/** A stack under test: how it is looked at, and how it is broken. */
export interface Ground {
  readonly stack: string;
  readonly vip: string;
  /** Of the service at the VIP. */
  readonly url: string;
  readonly nodes: Actor[];
  /** Where it runs, for the report. */
  readonly place: string;
  readonly timing: Timing;
  /** What cannot be done there, and why. */
  readonly cannot: ReadonlyMap<Need, string>;
  /** Nodes that are hosts of somebody's, and not machines that this project made. */
  readonly hosts: string[];
  /** MAC address by node, as far as they are known. */
  readonly macs: Record<string, string>;
  /** Whether the service takes numbered writes. */
  readonly takesWrites: boolean;
  look(): Promise<Look>;
  /**
   * What has happened around the stack since this was last asked, was not the drill's doing, and is mended: a trial in which it
   * did says nothing of the stack.
   */
  accident(): string | undefined;
  /**
   * Does something, or takes it back.
   *
   * @returns when it took effect, on the monotonic clock, if that is known
   */
  perform(action: Action): Promise<number | undefined>;
  /** @param run names the series of writes */
  client(run: string): Promise<Client>;
  /** What the store has of a series. */
  readBack(run: string): Promise<number[]>;
  forgetWrites(run: string): Promise<void>;
  /** All samples of a node since they were last forgotten, on the monotonic clock. */
  samples(node: string): Sample[];
  forgetSamples(): void;
  /** Ends all that looks. */
  end(): Promise<void>;
}
