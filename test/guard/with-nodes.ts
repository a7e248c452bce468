import { it } from "node:test";
import { type GuardedNode, Pair, until } from "./nodes";

/** Runs a test with a node whose guard is ready, or with two if it wants two, and clears up after it. */
export function withNodes(
  name: string,
  test: (pair: Pair, a: GuardedNode, b: GuardedNode) => Promise<void>,
): void {
  it(name, async () => {
    const pair = new Pair();
    try {
      await Promise.all([pair.a.ready(), test.length > 2 && pair.b.ready()]);
      await test(pair, pair.a, pair.b);
    } finally {
      await pair.end();
    }
  });
}

/** Gives the VIP to a node, and waits until it serves. */
export async function becomesActive(node: GuardedNode): Promise<void> {
  node.setVip(true);
  await until(() => node.state === "ACTIVE" && node.containerRuns, `${node.name} to be active`, node);
}

/** Seconds since a moment of performance.now(). */
export const seconds = (since: number): number => (performance.now() - since) / 1000;
