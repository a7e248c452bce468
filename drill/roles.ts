import type { Roles } from "./faults";
import type { Health } from "./recording";
import type { Testbed } from "./testbed/testbed";

/**
 * Says which node is the holder and which one the standby.
 *
 * @param choice from 0 to 1: which of several standby nodes
 * @throws if there is not exactly one holder
 */
export function rolesOf({ nodes }: Pick<Testbed, "nodes">, { holders }: Health, choice: number): Roles {
  const holder = nodes.find(({ name }) => name === holders[0]);
  const others = nodes.filter((node) => node !== holder);
  const standby = others[Math.floor(choice * others.length) % others.length];
  if (!holder || !standby)
    throw new Error(`before the fault the holders were ${holders.join(" and ") || "none"}`);
  return { holder, standby, all: nodes };
}
