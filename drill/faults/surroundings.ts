import { onNode, toServer } from "./action";
import { afterServerRestart, leaseTakeover, settling, vipWithoutLease } from "./bounds";
import type { Fault } from "./fault";

const outage = 60;

const clock = (name: string, seconds: number): Fault => ({
  name,
  what: `the active node's clock is set ${seconds > 0 ? "on" : "back"} by an hour, for 15 s`,
  needs: [],
  lasts: 15,
  inject: ({ holder }) => [onNode(holder.name, "clock", seconds)],
  heal: ({ holder }) => [onNode(holder.name, "clock", 0)],
  bounds: () => ({ vipGap: 500, serviceGap: 5_000, twoHolders: settling }),
});

/** Faults of the NFS server, the disk, the clock and the processors. */
export const surroundingFaults: Fault[] = [
  {
    name: "nfs-server-restart",
    what: "the NFS server is killed and started again at once: nobody gets a new lock before its grace time is over",
    needs: ["server"],
    lasts: 0,
    inject: () => [toServer("kill"), toServer("start")],
    heal: () => [toServer("start")],
    bounds: (timing) => ({ serviceGap: afterServerRestart(timing), twoHolders: settling }),
  },
  {
    name: "nfs-server-outage-60s",
    what: `the NFS server is killed, and started again ${outage} s later: nobody can serve in between`,
    needs: ["server"],
    lasts: outage,
    inject: () => [toServer("kill")],
    heal: () => [toServer("start")],
    bounds: (timing) => ({ serviceGap: outage * 1000 + afterServerRestart(timing), twoHolders: settling }),
  },
  {
    name: "disk-full",
    what: "the active node's own disk is full for 30 s",
    needs: [],
    lasts: 30,
    inject: ({ holder }) => [onNode(holder.name, "fill")],
    heal: ({ holder }) => [onNode(holder.name, "empty")],
    bounds: (timing) => ({ serviceGap: 30_000 + leaseTakeover(timing), twoHolders: settling }),
  },
  clock("clock-forward-1h", 3600),
  clock("clock-back-1h", -3600),
  {
    name: "cpu-starvation",
    what: "the active node's processors are kept busy for 30 s by twice as many processes, at the highest ordinary priority",
    needs: [],
    lasts: 30,
    inject: ({ holder }) => [onNode(holder.name, "busy", 30)],
    heal: ({ holder }) => [onNode(holder.name, "idle")],
    // A node without processor time looks dead.
    bounds: (timing) => ({ serviceGap: 30_000 + vipWithoutLease(timing), twoHolders: 30_000 }),
  },
];
