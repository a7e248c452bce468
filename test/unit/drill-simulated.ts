import { join } from "node:path";
import type { TestContext } from "node:test";
import { faultNamed } from "../../drill/faults";
import type { DrillReport } from "../../drill/report/summary";
import { drillTestbed } from "../../drill/session";
import { ownHome } from "./cli-support";
import { FakeTestbed, fakePace, type Misbehaviour, silent } from "./drill-fake";

/** Drills a simulated stack in a home of its own. */
export async function drilled(
  t: TestContext,
  how: Misbehaviour,
  names: string[],
  options: { trials?: number; randomMinutes?: number } = {},
): Promise<{ report: DrillReport; testbed: FakeTestbed; folder: string }> {
  const folder = ownHome(t);
  const testbed = new FakeTestbed(folder, how);
  try {
    const faults = names.map(faultNamed);
    const all = { faults, trials: 1, seed: 7, breakable: [], pace: fakePace, ...options };
    return { report: await drillTestbed(testbed, all, join(folder, "report"), silent), testbed, folder };
  } finally {
    await testbed.end();
  }
}
