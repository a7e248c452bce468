import { onNode } from "./action";
import { goesOn, leaseTakeover, plannedMove, restartInPlace, settling } from "./bounds";
import type { Bounds, Fault, Timing } from "./fault";

const nothing = (): [] => [];

/** A restart in place or on the other node, as the agent decides. */
const inPlaceOrNot = (timing: Timing): Bounds => ({
  serviceGap: restartInPlace(timing) + plannedMove(timing),
  twoHolders: settling,
});

/** Longer than the service must be well until its failures are forgotten: each failure is the first one. */
const every = 70;
const deaths = 3;
/** Shorter than slow answers may last. */
const slowFor = 45;

/** Faults of the container. */
const containerFaults: Fault[] = [
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
    name: "service-hang",
    what: "every process of the container is stopped (SIGSTOP) for 60 s: its port is open, and nobody answers",
    needs: [],
    lasts: 60,
    inject: ({ holder }) => [onNode(holder.name, "container", "STOP")],
    heal: ({ holder }) => [onNode(holder.name, "container", "CONT")],
    bounds: (timing) => ({ serviceGap: 60_000 + inPlaceOrNot(timing).serviceGap, twoHolders: settling }),
  },
  {
    name: "service-slow",
    what: `the container gets 3 % of a processor for ${slowFor} s: a service that is busy is not restarted`,
    needs: [],
    lasts: slowFor,
    inject: ({ holder }) => [onNode(holder.name, "throttle")],
    heal: ({ holder }) => [onNode(holder.name, "unthrottle")],
    keeps: "owner",
    bounds: () => ({ serviceGap: slowFor * 1000 + 10_000, twoHolders: settling }),
  },
  {
    name: `service-dies-every-${every}s`,
    what: `every process of the container is killed ${deaths} times, ${every} s apart: it is started again in its place each time`,
    needs: [],
    lasts: deaths * every,
    inject: ({ holder }) => [onNode(holder.name, "kill-again", every, deaths)],
    heal: ({ holder }) => [onNode(holder.name, "kill-no-more")],
    keeps: "owner",
    bounds: (timing) => ({ serviceGap: restartInPlace(timing), twoHolders: settling }),
  },
];

/** Faults of the container and of Docker. */
export const serviceFaults: Fault[] = [
  ...containerFaults,
  {
    name: "docker-stop",
    what: "Docker's engine on the active node is stopped for 20 s",
    needs: [],
    lasts: 20,
    inject: ({ holder }) => [onNode(holder.name, "docker", "stop")],
    heal: ({ holder }) => [onNode(holder.name, "docker", "start")],
    keeps: "service",
    bounds: () => ({ serviceGap: goesOn, twoHolders: settling }),
  },
  {
    name: "docker-restart",
    what: "Docker's engine on the active node is started again",
    needs: [],
    lasts: "served",
    inject: ({ holder }) => [onNode(holder.name, "docker", "restart")],
    heal: ({ holder }) => [onNode(holder.name, "docker", "start")],
    bounds: (timing) => ({
      serviceGap: timing.holdOff + leaseTakeover(timing) + plannedMove(timing),
      twoHolders: settling,
    }),
  },
];
