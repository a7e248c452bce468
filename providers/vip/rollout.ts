import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../../local/errors";
import type { Holders } from "./holders";

/** What a roll-out reads and changes. Tests replace it. */
export interface RollOutWorld {
  /** Measures who has the VIP. */
  holders(): Promise<Holders>;
  /** Puts the new file into force on a node; `silent` means that the node did not answer the measurement. */
  apply(node: string, silent: boolean): Promise<void>;
}

/** The result of a roll-out: the changed nodes, and what stopped it. */
export interface RollOutResult {
  done: string[];
  /** Undefined if all nodes are changed. */
  failure?: string;
}

/** Milliseconds within which a node must have the VIP again after a change: more than the takeover of any preset. */
const patience = 10_000;

/**
 * Changes nodes one after the other: nodes without the VIP first, the holder last. It stops if the VIP is lost after a
 * change, or if a node cannot be changed: the other nodes still serve.
 *
 * @param nodes names of the nodes to change, the least preferred first
 */
export async function rollOut(
  nodes: string[],
  world: RollOutWorld,
  limit = patience,
): Promise<RollOutResult> {
  const before = await world.holders();
  const isHolder = (name: string): boolean => before.holders.includes(name);
  const order = [...nodes.filter((name) => !isHolder(name)), ...nodes.filter(isHolder)];
  const done: string[] = [];
  for (const [i, name] of order.entries()) {
    const rest = order.slice(i + 1);
    const untouched = rest.length
      ? `; ${rest.join(" and ")} ${rest.length > 1 ? "are" : "is"} as before`
      : "";
    try {
      await world.apply(name, before.unreachable.includes(name));
    } catch (error) {
      const why = messageOf(error);
      return { done, failure: `${name} cannot be changed${untouched}: ${why}` };
    }
    done.push(name);
    if (before.holders.length > 0 && !(await heldWithin(world, limit)))
      return {
        done,
        failure: `no node holds the VIP since ${name} was changed${untouched}; look with \`npm run status\``,
      };
  }
  return { done };
}

/**
 * The VIP is lost only if all nodes have answered for long enough that they do not have it: a silent node may have it.
 */
async function heldWithin(world: RollOutWorld, limit: number): Promise<boolean> {
  const begin = performance.now();
  let missing: number | undefined;
  for (;;) {
    const { holders, unreachable } = await world.holders();
    if (holders.length > 0) return true;
    const now = performance.now();
    missing = unreachable.length > 0 ? undefined : (missing ?? now);
    if (missing !== undefined && now - missing > limit) return false;
    if (now - begin > 6 * limit) return false;
    await sleep(200);
  }
}
