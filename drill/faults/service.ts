import { onNode } from "./action";
import { leaseTakeover, plannedMove, restartInPlace, settling } from "./bounds";
import type { Fault, Timing } from "./fault";

const unit = "ha-rancher-guard.service";
const nothing = (): [] => [];

/** A restart in place or on the other node, as the guard decides. */
const inPlaceOrNot = (timing: Timing) => ({
  serviceGap: restartInPlace(timing) + plannedMove(timing),
  twoHolders: settling,
});

/** Faults of the guard, the container and Docker. */
export const serviceFaults: Fault[] = [
  {
    name: "guard-kill",
    what: "the active node's guard is killed; systemd stops the container and starts the guard again",
    needs: [],
    lasts: "served",
    inject: ({ holder }) => [onNode(holder.name, "signal", unit, "main", "KILL")],
    heal: nothing,
    bounds: (timing) => ({ serviceGap: leaseTakeover(timing) + plannedMove(timing), twoHolders: settling }),
  },
  {
    name: "guard-hang",
    what: "the active node's guard is stopped (SIGSTOP); systemd's watchdog kills it",
    needs: [],
    lasts: 30,
    inject: ({ holder }) => [onNode(holder.name, "signal", unit, "main", "STOP")],
    heal: ({ holder }) => [onNode(holder.name, "signal", unit, "main", "CONT")],
    bounds: (timing) => ({
      serviceGap: 30_000 + leaseTakeover(timing) + plannedMove(timing),
      twoHolders: settling,
    }),
  },
  {
    name: "container-kill",
    what: "every process of the container is killed",
    needs: [],
    lasts: "served",
    inject: ({ holder }) => [onNode(holder.name, "container", "KILL")],
    heal: nothing,
    bounds: inPlaceOrNot,
  },
  {
    name: "container-stop",
    what: "somebody stops the container with docker stop",
    needs: [],
    lasts: "served",
    inject: ({ holder }) => [onNode(holder.name, "container-stop")],
    heal: nothing,
    bounds: inPlaceOrNot,
  },
  {
    name: "docker-stop",
    what: "Docker's engine on the active node is stopped for 20 s",
    needs: [],
    lasts: 20,
    inject: ({ holder }) => [onNode(holder.name, "docker", "stop")],
    heal: ({ holder }) => [onNode(holder.name, "docker", "start")],
    bounds: (timing) => ({
      serviceGap: 20_000 + timing.holdOff + leaseTakeover(timing) + plannedMove(timing),
      twoHolders: settling,
    }),
  },
  {
    name: "service-hang",
    what: "every process of the container is stopped (SIGSTOP) for 60 s: its port is open, and nobody answers",
    needs: [],
    lasts: 60,
    inject: ({ holder }) => [onNode(holder.name, "container", "STOP")],
    heal: ({ holder }) => [onNode(holder.name, "container", "CONT")],
    bounds: (timing) => ({ serviceGap: 60_000 + inPlaceOrNot(timing).serviceGap, twoHolders: settling }),
  },
];
