import { onNode, yieldVip } from "./action";
import { goesOn, leaseTakeover, plannedGap, plannedMove, settling } from "./bounds";
import type { Bounds, Fault, Timing } from "./fault";
import { agentUnit } from "./units";

const nothing = (): [] => [];
const goesOnHere = (): Bounds => ({ serviceGap: goesOn, twoHolders: settling });

/** The service is killed, and another node takes over. */
const movesHard = (timing: Timing): Bounds => ({
  serviceGap: timing.giveUp + leaseTakeover(timing) + plannedMove(timing),
  twoHolders: settling,
});

/** Faults of the agent and its settings. */
export const agentFaults: Fault[] = [
  {
    name: "agent-kill",
    what: "the active node's agent is killed; systemd starts another one, which takes over the lease and the container",
    needs: [],
    lasts: "served",
    inject: ({ holder }) => [onNode(holder.name, "signal", agentUnit, "main", "KILL")],
    heal: nothing,
    keeps: "service",
    bounds: goesOnHere,
  },
  {
    name: "agent-hang",
    what: "the active node's agent is stopped (SIGSTOP); systemd's watchdog kills it, and the next one takes over",
    needs: [],
    lasts: 30,
    inject: ({ holder }) => [onNode(holder.name, "signal", agentUnit, "main", "STOP")],
    heal: ({ holder }) => [onNode(holder.name, "signal", agentUnit, "main", "CONT")],
    keeps: "service",
    bounds: goesOnHere,
  },
  {
    name: "agent-update",
    what: "the active node gets an agent of other files, as an update brings it, and 10 s later the former one again",
    needs: [],
    lasts: 10,
    inject: ({ holder }) => [onNode(holder.name, "update")],
    heal: ({ holder }) => [onNode(holder.name, "take-back-update")],
    keeps: "service",
    bounds: goesOnHere,
  },
  {
    name: "bad-configuration",
    what: "the configuration on the active node's disk is nonsense for 15 s; its agent goes on with the one that it has read",
    needs: [],
    lasts: 15,
    inject: ({ holder }) => [onNode(holder.name, "spoil-configuration")],
    heal: ({ holder }) => [onNode(holder.name, "mend-configuration")],
    keeps: "service",
    bounds: goesOnHere,
  },
  {
    name: "bad-configuration+agent-kill",
    what: "the configuration on the active node's disk is nonsense, and its agent is killed: the next one refuses to start",
    needs: [],
    lasts: "moved",
    inject: ({ holder }) => [
      onNode(holder.name, "spoil-configuration"),
      onNode(holder.name, "signal", agentUnit, "main", "KILL"),
    ],
    heal: ({ holder }) => [onNode(holder.name, "mend-configuration"), onNode(holder.name, "start-agent")],
    bounds: movesHard,
  },
  {
    name: "stop-then-hang",
    what: "the active node's agent is told to stop, and hangs (SIGSTOP) while it does",
    needs: [],
    lasts: "moved",
    inject: ({ holder }) => [onNode(holder.name, "stop-then-hang")],
    heal: ({ holder }) => [onNode(holder.name, "start-agent")],
    bounds: movesHard,
  },
  {
    name: "data-mount-busy",
    what: "the active node hands over, and somebody there works in a folder of the shared data",
    needs: [],
    lasts: "moved",
    inject: ({ holder }) => [onNode(holder.name, "hold-data"), yieldVip(holder.name, 60)],
    heal: ({ holder }) => [onNode(holder.name, "leave-data"), yieldVip(holder.name, 0)],
    bounds: (timing) => ({
      vipGap: plannedGap(timing),
      serviceGap: plannedMove(timing),
      twoHolders: settling,
    }),
  },
];
