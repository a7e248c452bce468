import { setTimeout as sleep } from "node:timers/promises";
import { callOf } from "../local/called";
import { messageOf } from "../local/errors";

/** What is measured of the nodes. */
export interface Measured {
  /** The nodes that serve; they are changed last. There may be none, or several. */
  holders: string[];
  /** The nodes that did not answer: it is not known whether they serve. */
  unreachable: string[];
}

/** What a roll-out reads and changes. Tests replace it. */
export interface RollOutWorld {
  /** Measures who serves. */
  holders(): Promise<Measured>;
  /** Puts the change into force on a node; `silent` means that the node did not answer the measurement. */
  apply(node: string, silent: boolean): Promise<void>;
}

/** The result of a roll-out: the changed nodes, and what stopped it. */
export interface RollOutResult {
  done: string[];
  /** Undefined if all nodes are changed. */
  failure?: string;
}

export interface RollOutOptions {
  /** Milliseconds within which a node must serve again after a change. */
  limit: number;
  /** Says what is lost then: "no node holds the VIP". */
  lost: string;
}

/**
 * Changes nodes one after the other: those that do not serve first, then the one that does. It stops if none serves any
 * more after a change, or if a node cannot be changed: the other nodes still serve.
 *
 * @param nodes names of the nodes to change, the least preferred first
 */
export async function rollOut(
  nodes: string[],
  world: RollOutWorld,
  options: RollOutOptions,
): Promise<RollOutResult> {
  const before = await world.holders();
  const order = lastServing(nodes, before.holders);
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
    if (before.holders.length > 0 && !(await heldWithin(world, options.limit)))
      return {
        done,
        failure: `${options.lost} since ${name} was changed${untouched}; look with \`${callOf("status")}\``,
      };
  }
  return { done };
}

/** The nodes in their order, those that serve behind all others. */
export const lastServing = (nodes: string[], serving: string[]): string[] => [
  ...nodes.filter((name) => !serving.includes(name)),
  ...nodes.filter((name) => serving.includes(name)),
];

/**
 * The service is lost only if all nodes have answered for long enough that they do not have it: a silent node may have it.
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
