import type { LabDescription } from "../lab";
import type { KnownStack } from "../stack/known-stack";
import type { RecordedMachine } from "../stack/state";

/** A stack whose nodes this process can reach. */
export interface ReachedStack {
  known: KnownStack;
  machines: RecordedMachine[];
}

/** A stack whose nodes cannot be reached now. */
export type UnreachedStack =
  | { state: "not-up"; known?: undefined }
  | { state: "lab-stopped"; known: KnownStack };

/** Where a stack's nodes can be reached from. */
export type Place =
  | ({ kind: "here" } & ReachedStack)
  /** Only from inside a lab. This process is outside, and a process cannot change its network namespace. */
  | { kind: "lab"; lab: LabDescription }
  | ({ kind: "nowhere" } & UnreachedStack);
