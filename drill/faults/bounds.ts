import type { Fault, Timing } from "./fault";

/*
 * What faults are bounded by, milliseconds. Where a figure is not one of the stack's own times, it is one of the
 * project's targets.
 */

/** Measuring is not exact, and a client's neighbour table takes a new owner a moment later. */
export const slack = 280;

/** keepalived is started again a second after it was killed, and takes the stale VIP off. */
export const keepalivedRestart = 2_500;

/** The VIP after a node was lost, and after one that said that it goes. */
export const crashGap = ({ crash }: Timing): number => crash + slack;
export const plannedGap = ({ planned }: Timing): number => planned + slack;

/** Two holders for a moment, while they come to an agreement. */
export const settling = 500;

/** Every node has noticed the fault by then: the last one is a guard without heartbeats. */
export const noticed = ({ giveUp, heartbeat }: Timing): number => giveUp + 2 * heartbeat;

/** The container from its start to its first answer, where nothing is slow. */
const start = ({ startLimit }: Timing): number => startLimit;

/** Without the service for longer, it does not come back by itself: the guard gives up a container that is not well by then. */
export const outage = ({ bounds }: Pick<Fault, "bounds">, timing: Timing): number =>
  bounds(timing).serviceGap + timing.startDeadline;

/** The service in a planned move: the old one is stopped, the new one started. */
export const plannedMove = (timing: Timing): number =>
  timing.vipLoss + timing.stopGrace + 3 * timing.heartbeat + start(timing);

/** The service after its node is silent: the lease runs out, its node is fenced, somebody else starts. */
export const leaseTakeover = (timing: Timing): number =>
  Math.max(timing.leaseTime, timing.watchdog) + timing.fenceLimit + 5 * timing.heartbeat + start(timing);

/** The service started again where it was. */
export const restartInPlace = (timing: Timing): number =>
  timing.watchdog + 5 * timing.heartbeat + start(timing);

/** The VIP at a node that must not serve: it is given back after a while, then refused. */
export const vipWithoutLease = (timing: Timing): number =>
  timing.giveBack + timing.hold + plannedMove(timing);

/** The service after the NFS server was started again. */
export const afterServerRestart = (timing: Timing): number =>
  timing.grace + timing.holdOff + leaseTakeover(timing);
