/** How long a drill waits for things, milliseconds. */
export interface Pace {
  /** From the client's start to the fault; a random part of `spread` is added. */
  before: number;
  spread: number;
  /** A fault that lasts until the service answers again lasts at least so long. */
  served: number;
  /**
   * Between two checks of the stack's health, and between two attempts to heal. Each check logs in to every node and
   * slows it down.
   */
  check: number;
  /** Probes go on at full rate for so long after healing. */
  close: number;
  /** From the first healthy check to the end of the trial. */
  after: number;
  /** For the stack to be healthy again, in addition to the fault's bound. */
  patience: number;
  /** For a fault to be taken back; attempts end then. */
  healing: number;
  /** For the stack to be healthy again after an earlier drill or trial. */
  recovery: number;
}

/** The pace for real stacks. */
export const realPace: Pace = {
  ...{ before: 1_500, spread: 1_000, served: 3_000, check: 3_000, close: 5_000, after: 2_500 },
  ...{ patience: 120_000, healing: 180_000, recovery: 300_000 },
};
