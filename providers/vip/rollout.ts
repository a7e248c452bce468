import { setTimeout as sleep } from "node:timers/promises";
import type { Holders } from "./holders";

/** What a roll-out needs of the world. */
export interface RollOutWorld {
  /** Who holds the VIP, measured. */
  holders(): Promise<Holders>;
  /** Brings the new file into force on a node; `silent`: it did not answer when it was asked who holds the VIP. */
  apply(node: string, silent: boolean): Promise<void>;
}

/** How a roll-out ended: what is done, and what stopped it. */
export interface RollOutResult {
  done: string[];
  /** Undefined if all is done. */
  failure?: string;
}

/** Milliseconds within which somebody must hold the VIP again after a change: more than any preset's takeover. */
const patience = 10_000;

/**
 * Changes nodes one after the other: those that do not hold the VIP first, the holder last. If the VIP had a holder
 * and has none after a change, or a node cannot be changed, the rest stays as it is: it serves.
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
      const why = error instanceof Error ? error.message : String(error);
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

/** A node that does not answer in time may hold it: only when all have said no for long enough, it is lost. */
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
