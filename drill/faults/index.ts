import { didYouMean } from "../../domain/closest";
import { agentFaults } from "./agent";
import type { Fault } from "./fault";
import { keepalivedFaults } from "./keepalived";
import { machineFaults } from "./machine";
import { networkFaults } from "./network";
import { pairFaults } from "./pairs";
import { serviceFaults } from "./service";
import { surroundingFaults } from "./surroundings";
import { systemFaults } from "./system";

export {
  type Action,
  type MachineAction,
  type NodeAction,
  nodeOf,
  type ServerAction,
  shownAction,
  toMachine,
} from "./action";
export type { Bounds, Fault, Invariant, Need, Roles, SystemNeed, Target, Timing } from "./fault";
export { invariants, systemNeeds } from "./fault";

const singles = [
  ...keepalivedFaults,
  ...agentFaults,
  ...serviceFaults,
  ...machineFaults,
  ...networkFaults,
  ...surroundingFaults,
  ...systemFaults,
];

/** All faults, in the order of the report's table. A new one goes into one of the lists above. */
export const faults: readonly Fault[] = [...singles, ...pairFaults(singles)];

/** The faults of a quick drill: they say most in the shortest time. */
export const quickFaults = ["switchover", "container-kill", "keepalived-kill-both", "power-off"] as const;

/** The fault with a name. @throws with all names if there is none */
export function faultNamed(name: string): Fault {
  const found = faults.find((fault) => fault.name === name);
  if (found) return found;
  const names = faults.map((fault) => fault.name);
  throw new Error(`\`${name}\` is not a fault; the faults are ${names.join(", ")}${didYouMean(name, names)}`);
}
