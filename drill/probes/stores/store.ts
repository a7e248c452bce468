/** `yes`: acknowledged; `no`: certainly did not reach the service; `unknown`: anything else. */
export type Outcome = "yes" | "no" | "unknown";

/** Where a series of numbers is written, one after the other. */
export interface Store {
  /** Writes a number, once. It takes at most {@link patience}. */
  write(number: number): Promise<Outcome>;
  /** All numbers of the series, in the order in which the store took them. @throws if it does not answer */
  numbers(): Promise<number[]>;
  /** Removes the series. @throws if it does not answer */
  forget(): Promise<void>;
  close(): void;
}

/** Milliseconds for one write. */
export const patience = 3_000;

/** Milliseconds for an answer to anything else. */
export const longPatience = 20_000;
