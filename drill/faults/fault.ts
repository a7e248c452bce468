import type { Action } from "./action";

/** A node as faults speak of it. */
export interface Actor {
  name: string;
  /** On the VIP's network. */
  address: string;
  sshPort: number;
}

/** Who plays what when a fault begins. */
export interface Cast {
  /** Has the VIP and serves. */
  holder: Actor;
  /** Another one, which may take over. */
  standby: Actor;
  /** All nodes. */
  all: Actor[];
}

/** How long things take on this stack, milliseconds: what its settings promise. */
export interface Timing {
  /** Without a holder of the VIP at most: after a crash, and in a planned move. */
  crash: number;
  planned: number;
  /** The guard's times; node/guard/configuration.bash tells their meaning. */
  heartbeat: number;
  giveUp: number;
  watchdog: number;
  vipLoss: number;
  giveBack: number;
  hold: number;
  holdOff: number;
  startLimit: number;
  startDeadline: number;
  stopGrace: number;
  /** 0: no agent fences. */
  fenceLimit: number;
  /** The NFS server's. */
  leaseTime: number;
  /** After a start of the NFS server nobody gets a new lock for so long. */
  grace: number;
  /** A node from power-on to SSH, at most. */
  boot: number;
}

/** I1 to I7; drill/audits/invariants.ts says how each is checked. */
export const invariants = {
  I1: "never two nodes that can write, never two containers running",
  I2: "no acknowledged write is lost",
  I3: "epochs strictly grow, and each has one owner",
  I4: "the time with two holders of the VIP is bounded",
  I5: "after healing there is one holder, and the client's ARP names it",
  I6: "no container runs without the data mounted",
  I7: "the service comes back by itself",
} as const;

export type Invariant = keyof typeof invariants;

/** Bounds of what a fault may cost, milliseconds. */
export interface Bounds {
  /** Longest time without an answer of the VIP to ICMP; undefined: nothing is promised. */
  vipGap?: number;
  /**
   * Longest time without an answer of the service to HTTPS, if its container answers within `startLimit`: more is slow. A start may
   * take until `startDeadline`: more than `outage` (bounds.ts) breaks I7.
   */
  serviceGap: number;
  /** With two holders of the VIP in all (I4). */
  twoHolders: number;
}

/** What a place must be able to do for a fault to be possible there. */
export type Need = "power" | "pause" | "link" | "server" | "netem";

export interface Fault {
  /** In kebab-case, unique. */
  name: string;
  /** One sentence: what is done, to whom. */
  what: string;
  /** Beyond commands on the nodes. */
  needs: Need[];
  /** May need hands to mend it where a host is not a machine of ours: not without `--yes-break` there. */
  breaksHost?: boolean;
  /** Counts for the plot of takeover times against the formula: which of its two bounds. */
  takeover?: "crash" | "planned";
  /**
   * Seconds until it is healed; `served`: once the service answers, `moved`: once it answers and another node runs it; or its
   * bound is over. Who is cut off may answer for a while as if nothing were.
   */
  lasts: number | "served" | "moved";
  inject(cast: Cast): Action[];
  /** Run in any case, also if only some of `inject` was done. */
  heal(cast: Cast): Action[];
  bounds(timing: Timing): Bounds;
  /** I1 is not to hold for this long after a machine was resumed: only fencing by an agent could do better. */
  excusedAfterResume?: number;
}
