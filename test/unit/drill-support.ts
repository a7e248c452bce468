import type { Timing } from "../../drill/faults";

/** The times of a stack with the default settings. */
export const timing: Timing = {
  ...{ crash: 691, planned: 91, heartbeat: 1_000, giveUp: 6_000, watchdog: 10_000, vipLoss: 15_000 },
  ...{
    followLease: 1_500,
    hold: 10_000,
    holdOff: 60_000,
    startLimit: 60_000,
    startDeadline: 300_000,
    stopGrace: 30_000,
    wellTime: 60_000,
    slow: 60_000,
    fenceLimit: 0,
  },
  ...{ leaseTime: 15_000, grace: 20_000, boot: 120_000 },
};
