import type { Fault, Timing } from "./fault";

/*
 * The bounds of faults, milliseconds. They follow from the stack's timers; a plain figure is one of the project's targets.
 */

/** For the precision of the measurement, and for the client's neighbour table to learn a new owner. */
const slack = 280;

/** systemd starts a killed keepalived at once; its start removes the VIP that was left on the interface. */
export const keepalivedRestart = 2_500;

/** The VIP gap after a crash, and after a switchover. */
export const crashGap = ({ crash }: Timing): number => crash + slack;
export const plannedGap = ({ planned }: Timing): number => planned + slack;

/**
 * The service gap of a fault that leaves its node able to serve; 95 % of the trials keep to it. The VIP gap, too, where
 * keepalived starts anew: an orderly end takes it a second (its shutdown timer), and the VIP goes to the other node and back.
 */
export const goesOn = 3_000;

/** Two holders while the nodes agree on a master. */
export const settling = 500;

/** By then every node has noticed a fault; the slowest is an agent without heartbeats. */
export const noticed = ({ giveUp, heartbeat }: Timing): number => giveUp + 2 * heartbeat;

/** The container from its start to its first answer; a longer start is `slow`. */
const start = ({ startLimit }: Timing): number => startLimit;

/** Longer without the service breaks I7: by then the agent has given up a container that does not answer. */
export const outage = ({ bounds }: Pick<Fault, "bounds">, timing: Timing): number =>
  bounds(timing).serviceGap + timing.startDeadline;

/** The service gap of a switchover: one container stops, the other one starts. */
export const plannedMove = (timing: Timing): number =>
  timing.vipLoss + timing.stopGrace + 3 * timing.heartbeat + start(timing);

/** The service gap after a node is silent: its lease expires, it is fenced, another node starts the container. */
export const leaseTakeover = (timing: Timing): number =>
  Math.max(timing.leaseTime, timing.watchdog) + timing.fenceLimit + 5 * timing.heartbeat + start(timing);

/** The service gap of a restart on the same node. */
export const restartInPlace = (timing: Timing): number =>
  timing.watchdog + 5 * timing.heartbeat + start(timing);

/** The service gap if the VIP moves to a node without the lease, which gives it back and then refuses it. */
export const vipWithoutLease = (timing: Timing): number =>
  timing.followLease + timing.hold + plannedMove(timing);

/** The service gap after a restart of the NFS server. */
export const afterServerRestart = (timing: Timing): number =>
  timing.grace + timing.holdOff + leaseTakeover(timing);
