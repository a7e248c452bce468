import { type Action, onNode, toMachine, waitFor } from "./action";
import { crashGap, goesOn, leaseTakeover, plannedMove, settling, vipWithoutLease } from "./bounds";
import type { Bounds, Fault, Roles, Timing } from "./fault";
import { agentUnit } from "./units";

/** The other nodes' addresses. */
const peersOf = ({ holder, all }: Roles): string[] =>
  all.filter(({ name }) => name !== holder.name).map(({ address }) => address);

const netem = (name: string, what: string, seconds: number, ...words: string[]): Fault => ({
  name,
  what: `${what} on everything that the active node sends, for ${seconds} s`,
  needs: ["netem"],
  lasts: seconds,
  inject: ({ holder }): Action[] => [onNode(holder.name, "netem", holder.address, ...words)],
  heal: ({ holder }): Action[] => [onNode(holder.name, "netem", holder.address)],
  // The VIP may move back and forth; the service must not run twice.
  bounds: (timing) => ({ serviceGap: seconds * 1000 + vipWithoutLease(timing), twoHolders: seconds * 1000 }),
});

const peerPartition = 30;

/** What it costs that the active node has lost the NFS server. */
const withoutStorage = (timing: Timing): Bounds => ({
  serviceGap: timing.giveUp + leaseTakeover(timing) + plannedMove(timing),
  twoHolders: settling,
});

/** Faults of the network. */
export const networkFaults: Fault[] = [
  {
    name: "link-down",
    what: "the active node's cable is pulled, and put back when the service runs elsewhere",
    needs: ["link"],
    takeover: "crash",
    lasts: "moved",
    inject: ({ holder }) => [toMachine(holder.name, "unplug")],
    heal: ({ holder }) => [toMachine(holder.name, "plug")],
    bounds: (timing) => ({
      vipGap: crashGap(timing),
      serviceGap: leaseTakeover(timing),
      twoHolders: settling,
    }),
  },
  {
    name: "deaf-standby",
    what: "a standby node does not hear the holder's adverts for 10 s, everything else works",
    needs: [],
    lasts: 10,
    inject: ({ standby }) => [onNode(standby.name, "cut", "adverts")],
    heal: ({ standby }) => [onNode(standby.name, "uncut", "adverts")],
    keeps: "service",
    // The VIP goes to the standby and back, again and again.
    bounds: () => ({ serviceGap: goesOn, twoHolders: 10_000 + settling }),
  },
  {
    name: "peer-partition",
    what: `the active node and the others do not reach each other for ${peerPartition} s; clients and the NFS server reach all`,
    needs: [],
    lasts: peerPartition,
    inject: (roles) => [onNode(roles.holder.name, "cut", "peers", ...peersOf(roles))],
    heal: ({ holder }) => [onNode(holder.name, "uncut", "peers")],
    keeps: "service",
    bounds: () => ({ serviceGap: goesOn, twoHolders: peerPartition * 1000 + settling }),
  },
  {
    name: "nfs-partition",
    what: "the active node does not reach the NFS server until the service runs elsewhere",
    needs: [],
    lasts: "moved",
    inject: ({ holder }) => [onNode(holder.name, "cut", "nfs")],
    heal: ({ holder }) => [onNode(holder.name, "uncut", "nfs")],
    bounds: withoutStorage,
  },
  {
    name: "agent-kill-4s-after-nfs-partition",
    what: "the active node does not reach the NFS server until the service runs elsewhere, and 4 s later its agent is killed",
    needs: [],
    lasts: "moved",
    inject: ({ holder }) => [
      onNode(holder.name, "cut", "nfs"),
      waitFor(4),
      onNode(holder.name, "signal", agentUnit, "main", "KILL"),
    ],
    heal: ({ holder }) => [onNode(holder.name, "uncut", "nfs")],
    bounds: withoutStorage,
  },
  {
    name: "partition-all",
    what: "the active node reaches nobody, and nobody reaches it, until the service runs elsewhere",
    needs: [],
    takeover: "crash",
    lasts: "moved",
    inject: ({ holder }) => [onNode(holder.name, "cut", "all", holder.address, holder.sshPort)],
    heal: ({ holder }) => [onNode(holder.name, "uncut", "all")],
    // The isolated node keeps its VIP, which no client reaches, until its agent gives up.
    bounds: (timing) => ({
      vipGap: crashGap(timing),
      serviceGap: leaseTakeover(timing) + plannedMove(timing),
      twoHolders: 2 * timing.giveUp + leaseTakeover(timing),
    }),
  },
  netem("packet-loss-30", "30 % of the packets are lost", 30, "loss", "30%"),
  netem("jitter-200ms", "a delay of 200 ms, 200 ms more or less,", 30, "delay", "200ms", "200ms"),
];
