import type { Action } from "./action";

/** A node that a fault can hit. */
export interface Target {
  name: string;
  /** On the VIP's network. */
  address: string;
  sshPort: number;
}

/** The roles of the nodes when a fault begins. */
export interface Roles {
  /** Has the VIP and serves. */
  holder: Target;
  /** A node that may take over. */
  standby: Target;
  /** All nodes. */
  all: Target[];
}

/** The stack's timers and bounds, milliseconds. */
export interface Timing {
  /** The formula's bound for the VIP without a holder: after a crash, and in a switchover. */
  crash: number;
  planned: number;
  /** The agents' times, which domain/timers.ts explains. */
  heartbeat: number;
  giveUp: number;
  watchdog: number;
  vipLoss: number;
  followLease: number;
  hold: number;
  holdOff: number;
  startLimit: number;
  startDeadline: number;
  stopGrace: number;
  /** The service must be well for so long until its failures are forgotten. */
  wellTime: number;
  /** Slow answers for so long are a failure. */
  slow: number;
  /** 0: there is no fence agent. */
  fenceLimit: number;
  /** The NFS server's. */
  leaseTime: number;
  /** For so long after its start the NFS server gives nobody a new lock. */
  grace: number;
  /** A node from power-on to SSH, at most. */
  boot: number;
}

/** The invariants; drill/audits/invariants.ts checks them. */
export const invariants = {
  I1: "never two nodes that can write, never two containers running",
  I2: "no acknowledged write is lost",
  I3: "epochs strictly grow, and each has one owner",
  I4: "the time with two holders of the VIP is bounded",
  I5: "after healing there is one holder, and the client's ARP names it",
  I6: "no container runs without the data mounted",
  I7: "the service comes back by itself",
  I9: "what leaves its node able to serve costs the service 3 s at most (95 % of the trials), and no change of its epoch",
} as const;

export type Invariant = keyof typeof invariants;

/** What a fault may cost at most, milliseconds. */
export interface Bounds {
  /** Longest time without an answer of the VIP to ICMP; undefined: nothing is promised. */
  vipGap?: number;
  /**
   * Longest time without an answer of the service to HTTPS, if its container starts within `startLimit`. More is `slow`.
   * A start may take until `startDeadline`; more than that (`outage` in bounds.ts) breaks I7.
   */
  serviceGap: number;
  /** Total time with two holders of the VIP (I4). */
  twoHolders: number;
}

/** What a node's system has or has not; `fault can` says it. */
export const systemNeeds = ["netem", "networkd", "networkmanager", "dhcp", "needrestart"] as const;
export type SystemNeed = (typeof systemNeeds)[number];

/** What a testbed must be able to do for a fault to be possible there. */
export type Need = "power" | "pause" | "link" | "server" | SystemNeed;

export interface Fault {
  /** In kebab-case, unique. */
  name: string;
  /** One sentence: what is done to which node. */
  what: string;
  /** Beside commands on the nodes. */
  needs: Need[];
  /** May leave a host off until somebody turns it on by hand: refused for hosts without `--yes-break`. */
  breaksHost?: boolean;
  /** The bound of the formula that the takeover time is compared with. */
  takeover?: "crash" | "planned";
  /**
   * Seconds until the fault is healed. `served`: until the service answers. `moved`: until it answers and runs on another
   * node; a node that is cut off from storage answers for a while. Both end when the fault's bound is over.
   */
  lasts: number | "served" | "moved";
  inject(roles: Roles): Action[];
  /** Done in any case, also if `inject` was done in part. */
  heal(roles: Roles): Action[];
  bounds(timing: Timing): Bounds;
  /** Milliseconds after a resume in which two containers may run: without a fence agent nothing can prevent that. */
  excusedAfterResume?: number;
  /**
   * The node is able to serve all the time, so its epoch must not change (I9). `service`: and the service must not be away
   * for longer than `goesOn` in bounds.ts. `owner`: it may, since the fault itself takes it away.
   */
  keeps?: "service" | "owner";
}
