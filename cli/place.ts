import type { LabDescription } from "../lab";
import type { KnownStack } from "../stack/known-stack";
import type { RecordedMachine } from "../stack/state";

/** A stack whose nodes this process can reach. */
export interface ReachedStack {
  known: KnownStack;
  machines: RecordedMachine[];
}

/** A stack whose nodes nobody can reach now. */
export type UnreachedStack =
  | { state: "not-up"; known?: undefined }
  | { state: "lab-stopped"; known: KnownStack };

/** Where a stack's nodes can be reached from. */
export type Place =
  | ({ kind: "here" } & ReachedStack)
  /** From inside a lab that this process is not in: a network namespace is a property of the process. */
  | { kind: "lab"; lab: LabDescription }
  | ({ kind: "nowhere" } & UnreachedStack);
