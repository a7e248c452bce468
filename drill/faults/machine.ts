import { toMachine } from "./action";
import { crashGap, goesOn, leaseTakeover, settling, vipWithoutLease } from "./bounds";
import type { Fault } from "./fault";

const paused = (seconds: number): Fault => ({
  name: `pause-${seconds}s`,
  what: `the active node is paused by its hypervisor for ${seconds} s, and goes on as if nothing had been`,
  needs: ["pause"],
  lasts: seconds,
  inject: ({ holder }) => [toMachine(holder.name, "pause")],
  heal: ({ holder }) => [toMachine(holder.name, "resume")],
  bounds: (timing) => ({
    vipGap: crashGap(timing),
    // After a short pause the other node has the VIP, but not the lease. After a longer one it serves.
    serviceGap: seconds * 1000 + vipWithoutLease(timing),
    // From the resume until keepalived hears the other node.
    twoHolders: keepalivedNotices,
  }),
  // Until the agent has checked its lease once.
  excusedAfterResume: 3_000,
});

/** A machine is slow for a second after a resume. */
const keepalivedNotices = 2_500;

/** Faults of a whole node. */
export const machineFaults: Fault[] = [
  {
    name: "power-off",
    what: "the active node loses its power, and gets it back when the service runs elsewhere",
    needs: ["power"],
    breaksHost: true,
    takeover: "crash",
    lasts: "moved",
    inject: ({ holder }) => [toMachine(holder.name, "power-off")],
    heal: ({ holder }) => [toMachine(holder.name, "power-on")],
    bounds: (timing) => ({
      vipGap: crashGap(timing),
      serviceGap: leaseTakeover(timing),
      twoHolders: settling,
    }),
  },
  paused(5),
  paused(60),
  {
    name: "standby-reboot",
    what: "a standby node loses its power, and gets it back at once",
    needs: ["power"],
    breaksHost: true,
    lasts: 0,
    inject: ({ standby }) => [toMachine(standby.name, "power-off")],
    heal: ({ standby }) => [toMachine(standby.name, "power-on")],
    keeps: "service",
    bounds: () => ({ vipGap: 500, serviceGap: goesOn, twoHolders: settling }),
  },
  {
    name: "boot-together",
    what: "all nodes lose their power, and get it back at the same time",
    needs: ["power"],
    breaksHost: true,
    lasts: 2,
    inject: ({ all }) => all.map(({ name }) => toMachine(name, "power-off")),
    heal: ({ all }) => all.map(({ name }) => toMachine(name, "power-on")),
    bounds: (timing) => ({ serviceGap: timing.boot + vipWithoutLease(timing), twoHolders: settling }),
  },
];
