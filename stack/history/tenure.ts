import type { NodeEvent } from "./event";

/*
 * One node's time with the lease, out of what it said, in the order in which it said it:
 *
 *   prelude   it gets the VIP, asks for the lock, waits for the last owner
 *   takeover  it has the lease: mounts, copies, starts, until the service is well for the first time
 *   breaks    the service is not well, or another agent takes over; and then it is well again
 *   leaving   from the first sign of trouble, or the order to leave, until it is a standby again
 */

export interface Tenure {
  node: string;
  epoch: number;
  /** The lease was taken; undefined: before what is known. */
  took?: NodeEvent;
  prelude: NodeEvent[];
  takeover: NodeEvent[];
  /** When the service was well for the first time; undefined: never, as far as is known. */
  well?: number;
  breaks: NodeEvent[][];
  leaving: NodeEvent[];
  /** Whether it was seen to end. */
  ended: boolean;
}

/** States of a node that does not have the lease. */
const idle = new Set(["begin", "standby", "contending", "waiting", "ended"]);

/** What belongs to a tenure besides changes of state. */
const ofOwner = new Set(["kill", "reset", "give-up", "failure", "released", "fence"]);

/** What comes before the lease is taken. */
const ofPrelude = (event: NodeEvent): boolean =>
  (event.kind === "state" && ["contending", "waiting"].includes(event.to ?? "")) ||
  (event.kind === "vrrp" && event.to === "master");

/** Follows one node. */
export class TenuresOfNode {
  readonly tenures: Tenure[] = [];
  /** What belongs to none. */
  readonly rest: NodeEvent[] = [];
  private prelude: NodeEvent[] = [];
  private open: Tenure | undefined;
  /** The events since the service was last well, while it is not. */
  private trouble: NodeEvent[] = [];

  add(event: NodeEvent): void {
    if (event.kind === "takeover" || event.kind === "again") this.take(event);
    else if (this.open && this.goesOn(this.open, event)) return;
    else if (this.beganBefore(event)) this.add(event);
    else if (!this.open && (ofPrelude(event) || (event.kind === "fence" && this.prelude.length > 0)))
      this.prelude.push(event);
    else this.idleEvent(event);
  }

  /** What is still open when there is nothing more. */
  end(): void {
    this.rest.push(...this.prelude);
    this.close(false);
  }

  private take(event: NodeEvent): void {
    this.close(true);
    this.open = {
      ...{ node: event.node, epoch: event.epoch ?? 0, took: event, prelude: this.prelude },
      ...{ takeover: [event], breaks: [], leaving: [], ended: false },
    };
    this.tenures.push(this.open);
    this.prelude = [];
  }

  /** The first that is known of an owner may be from the middle of its time. @returns whether a tenure was begun for it */
  private beganBefore(event: NodeEvent): boolean {
    const owns = event.kind === "state" && event.from !== undefined && !idle.has(event.from);
    const adopts = event.kind === "state" && event.to === "adopting";
    const tells = (event.kind === "kill" || event.kind === "failure") && (event.epoch ?? 0) > 0;
    if (this.open || !(owns || adopts || tells)) return false;
    // Leftovers of a former owner are killed by a node that is not one.
    if (event.from === "killing" || (event.kind === "kill" && event.text.startsWith("leftovers")))
      return false;
    this.open = {
      ...{ node: event.node, epoch: event.epoch ?? 0, prelude: [], takeover: [], breaks: [], leaving: [] },
      ended: false,
    };
    const before = !["contending", "waiting", "taking"].includes(event.from ?? "");
    if (before && event.from !== "warming") this.open.well = event.at;
    this.tenures.push(this.open);
    return true;
  }

  /** @returns false if it belongs to no tenure */
  private goesOn(tenure: Tenure, event: NodeEvent): boolean {
    const { kind, to } = event;
    if (kind === "state" && to !== undefined) {
      if (idle.has(to) && to !== "begin") return this.leaves(tenure, event);
      this.put(tenure, event);
      if (to === "active") this.isWell(tenure, event.at);
      return true;
    }
    if (kind === "well") {
      // It sums up what has just ended.
      tenure.takeover.push(event);
      return true;
    }
    const isTrouble = kind === "unit" && event.source === "agent";
    if (!ofOwner.has(kind) && !isTrouble) return false;
    this.put(tenure, event);
    return true;
  }

  private put(tenure: Tenure, event: NodeEvent): void {
    if (tenure.well === undefined) tenure.takeover.push(event);
    else this.trouble.push(event);
  }

  private isWell(tenure: Tenure, at: number): void {
    if (tenure.well === undefined) tenure.well = at;
    else if (this.trouble.length > 0) tenure.breaks.push(this.trouble);
    this.trouble = [];
  }

  private leaves(tenure: Tenure, event: NodeEvent): boolean {
    // An agent that begins anew and finds no lease: its node was off.
    if (event.from === "begin") this.rest.push(event);
    else this.put(tenure, event);
    this.close(true);
    return true;
  }

  private close(ended: boolean): void {
    if (this.open) {
      this.open.leaving = this.trouble;
      this.open.ended = ended;
    }
    this.trouble = [];
    this.open = undefined;
  }

  private idleEvent(event: NodeEvent): void {
    // A wait for the lease that came to nothing, or keepalived that gave the VIP away.
    const isOver = (event.kind === "state" && event.to === "standby") || event.kind === "vrrp";
    if (isOver) this.rest.push(...this.prelude.splice(0));
    this.rest.push(event);
  }
}
