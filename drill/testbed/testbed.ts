import type { Action, Need, Target, Timing } from "../faults";
import type { Sample } from "../probes/samples";
import type { ClientView, Health } from "../recording";

/** A client that probes the stack from outside of its nodes until it is stopped. */
export interface Client {
  /** What it has seen so far; times are of the monotonic clock. */
  readonly view: ClientView;
  /** Probes less often from now on, so that a node that comes back is not slowed down. */
  slowDown(): void;
  /** Stops it once its last write has an outcome. */
  stop(): Promise<void>;
}

/** A stack under test: how it is observed, and how it is broken. */
export interface Testbed {
  readonly stack: string;
  readonly vip: string;
  /** The service at the VIP. */
  readonly url: string;
  readonly nodes: Target[];
  /** The kind of place, for the report. */
  readonly place: string;
  readonly timing: Timing;
  /** What is not possible here, and why. */
  readonly cannot: ReadonlyMap<Need, string>;
  /** The nodes that are existing hosts, not machines of this project. */
  readonly hosts: string[];
  /** MAC address by node, as far as they are known. */
  readonly macs: Record<string, string>;
  /** Whether the service takes numbered writes. */
  readonly takesWrites: boolean;
  /**
   * The state of the stack now.
   *
   * @param before what it was a moment ago: if that was healthy, and nothing that costs the nodes no work says
   * otherwise, the nodes are not asked again
   */
  health(before?: Health): Promise<Health>;
  /**
   * What broke since the last call without the drill's doing. It is mended already. A trial in which it happened says
   * nothing about the stack.
   */
  accident(): string | undefined;
  /**
   * Performs an action.
   *
   * @returns when it took effect, on the monotonic clock, if that is known
   */
  perform(action: Action): Promise<number | undefined>;
  /** Starts a client. @param run the name of its series of writes */
  client(run: string): Promise<Client>;
  /** The writes of a series that the store has. */
  readBack(run: string): Promise<number[]>;
  /** Removes a series of writes from the store. */
  forgetWrites(run: string): Promise<void>;
  /** All samples of a node since they were last forgotten, on the monotonic clock. */
  samples(node: string): Sample[];
  forgetSamples(): void;
  /** Stops all probes. */
  end(): Promise<void>;
}
