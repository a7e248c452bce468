import type { Bounds, Fault, Need } from "./fault";

function longer(a: Fault["lasts"], b: Fault["lasts"]): Fault["lasts"] {
  if (typeof a === "number") return typeof b === "number" ? Math.max(a, b) : longer(b, a);
  if (typeof b === "number") return b > 30 ? b : a;
  return a === "moved" ? a : b;
}

/** Two faults, one right after the other. Together they may cost what each may cost alone. */
function pair(first: Fault, second: Fault): Fault {
  return {
    name: `${first.name}+${second.name}`,
    what: `${first.what}; at the same time ${second.what}`,
    needs: [...new Set<Need>([...first.needs, ...second.needs])],
    breaksHost: Boolean(first.breaksHost || second.breaksHost),
    lasts: longer(first.lasts, second.lasts),
    inject: (roles) => [...first.inject(roles), ...second.inject(roles)],
    heal: (roles) => [...second.heal(roles), ...first.heal(roles)],
    bounds(timing): Bounds {
      const [a, b] = [first.bounds(timing), second.bounds(timing)];
      return { serviceGap: a.serviceGap + b.serviceGap, twoHolders: a.twoHolders + b.twoHolders };
    },
    excusedAfterResume: Math.max(first.excusedAfterResume ?? 0, second.excusedAfterResume ?? 0),
  };
}

/** The pairs: one fault takes away what the recovery from the other one needs. */
const chosen = [
  // The node that takes over asks a server that has forgotten the lease and gives out no locks for a while.
  ["power-off", "nfs-server-restart"],
  // Two holders, and the active node cannot write.
  ["nfs-partition", "peer-partition"],
  // The VIP stays on an interface of a node whose agent is dead.
  ["keepalived-kill-both", "agent-kill"],
  // The node cannot be reached, and its agent does not stop the container.
  ["agent-hang", "partition-all"],
  // The other node has taken over, and does not hear that the first one is back.
  ["pause-60s", "deaf-standby"],
] as const;

/** The pairs as faults. @param singles all other faults */
export function pairFaults(singles: Fault[]): Fault[] {
  const named = (name: string): Fault => {
    const found = singles.find((fault) => fault.name === name);
    if (!found) throw new Error(`there is no fault ${name} to make a pair of`);
    return found;
  };
  return chosen.map(([first, second]) => pair(named(first), named(second)));
}
