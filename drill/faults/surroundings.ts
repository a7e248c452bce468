import { onNode, toServer } from "./action";
import { afterServerRestart, goesOn, leaseTakeover, plannedMove, settling } from "./bounds";
import type { Fault } from "./fault";

const outage = 60;

const clock = (name: string, seconds: number): Fault => ({
  name,
  what: `the active node's clock is set ${seconds > 0 ? "on" : "back"} by an hour, for 15 s`,
  needs: [],
  lasts: 15,
  inject: ({ holder }) => [onNode(holder.name, "clock", seconds)],
  heal: ({ holder }) => [onNode(holder.name, "clock", 0)],
  keeps: "service",
  bounds: () => ({ vipGap: 500, serviceGap: goesOn, twoHolders: settling }),
});

const serverStopped = (seconds: number, what: string, rest: Pick<Fault, "keeps" | "bounds">): Fault => ({
  name: `nfs-server-stopped-${seconds}s`,
  what: `the NFS server is stopped (SIGSTOP) for ${seconds} s: ${what}`,
  needs: ["server"],
  lasts: seconds,
  inject: () => [toServer("stop")],
  heal: () => [toServer("continue")],
  ...rest,
});

/** How long the server, disk and memory are loaded or broken, seconds. */
const flood = 30;
const diskHang = 20;
const thrash = 30;

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
  serverStopped(4, "its clients wait, and nothing else happens", {
    keeps: "owner",
    bounds: () => ({ serviceGap: 4_000 + goesOn, twoHolders: settling }),
  }),
  serverStopped(8, "longer than an owner may go without a heartbeat", {
    bounds: (timing) => ({ serviceGap: 8_000 + leaseTakeover(timing), twoHolders: settling }),
  }),
  {
    name: "data-flood",
    what: `a process on the active node writes to the shared data as fast as it can for ${flood} s, 256 MiB at a time until the server has them`,
    needs: [],
    lasts: flood,
    inject: ({ holder }) => [onNode(holder.name, "flood", flood)],
    heal: ({ holder }) => [onNode(holder.name, "dry")],
    // What the service writes stands in the same queue; heartbeats must come through.
    keeps: "owner",
    bounds: () => ({ serviceGap: flood * 1000 + goesOn, twoHolders: settling }),
  },
  {
    name: "disk-full",
    what: "the active node's own disk is full for 30 s",
    needs: [],
    lasts: 30,
    inject: ({ holder }) => [onNode(holder.name, "fill")],
    heal: ({ holder }) => [onNode(holder.name, "empty")],
    keeps: "service",
    bounds: () => ({ serviceGap: goesOn, twoHolders: settling }),
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
    keeps: "service",
    // A keepalived without processor time looks dead.
    bounds: () => ({ serviceGap: goesOn, twoHolders: 30_000 }),
  },
  {
    name: "disk-hang",
    what: `nothing can be written to the active node's own disk for ${diskHang} s, and whoever tries hangs (fsfreeze)`,
    needs: [],
    lasts: diskHang,
    inject: ({ holder }) => [onNode(holder.name, "freeze", diskHang)],
    heal: ({ holder }) => [onNode(holder.name, "thaw")],
    // Docker hangs, and so does a container that logs: it may have to move.
    bounds: (timing) => ({
      serviceGap: diskHang * 1000 + leaseTakeover(timing) + plannedMove(timing),
      twoHolders: settling,
    }),
  },
  {
    name: "memory-thrash",
    what: `the active node has no memory left for ${thrash} s: programs are read from disk again and again`,
    needs: [],
    lasts: thrash,
    inject: ({ holder }) => [onNode(holder.name, "thrash", thrash)],
    heal: ({ holder }) => [onNode(holder.name, "recover-memory")],
    // A node that does nothing else looks dead.
    bounds: (timing) => ({
      serviceGap: thrash * 1000 + leaseTakeover(timing) + plannedMove(timing),
      twoHolders: thrash * 1000,
    }),
  },
];
