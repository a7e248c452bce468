import type { Bounds, Fault, Need } from "./fault";

function longer(a: Fault["lasts"], b: Fault["lasts"]): Fault["lasts"] {
  if (typeof a === "number") return typeof b === "number" ? Math.max(a, b) : longer(b, a);
  if (typeof b === "number") return b > 30 ? b : a;
  return a === "moved" ? a : b;
}

/** Two faults at once, one injected right after the other. Each may cost what it may cost alone. */
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

/** The chosen pairs: each takes away what the other one's cure relies on. */
const chosen = [
  // Who takes over asks a server that knows nothing of the lease, and gives nobody a new one for a while.
  ["power-off", "nfs-server-restart"],
  // Two holders, and the active one cannot write.
  ["nfs-partition", "peer-partition"],
  // The VIP stays on an interface whose guard is dead.
  ["keepalived-kill-both", "guard-kill"],
  // Nobody stops the container of a node that nobody reaches but systemd.
  ["guard-hang", "partition-all"],
  // The other one has taken over, and cannot hear that the old one is back.
  ["pause-60s", "deaf-standby"],
] as const;

/** @param singles all other faults */
export function pairFaults(singles: Fault[]): Fault[] {
  const named = (name: string): Fault => {
    const found = singles.find((fault) => fault.name === name);
    if (!found) throw new Error(`there is no fault ${name} to make a pair of`);
    return found;
  };
  return chosen.map(([first, second]) => pair(named(first), named(second)));
}
