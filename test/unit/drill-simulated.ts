import { join } from "node:path";
import type { TestContext } from "node:test";
import { drillGround } from "../../cli/actions/drill";
import type { DrillReport } from "../../drill/report/summary";
import { ownHome } from "./cli-support";
import { FakeGround, fakePace, type Misbehaviour } from "./drill-fake";

/** Drills a simulated stack in a home of its own. */
export async function drilled(
  t: TestContext,
  how: Misbehaviour,
  fault: string[],
  options: { trials?: number; nemesis?: number } = {},
): Promise<{ report: DrillReport; ground: FakeGround; folder: string }> {
  const folder = ownHome(t);
  const ground = new FakeGround(folder, how);
  try {
    const all = { stack: "fake", fault, trials: 1, seed: 7, pace: fakePace, ...options };
    return { report: await drillGround(ground, all, join(folder, "report")), ground, folder };
  } finally {
    await ground.end();
  }
}
