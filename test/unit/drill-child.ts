import { faultNamed } from "../../drill/faults";
import { drillTestbed } from "../../drill/session";
import { FakeTestbed, fakePace, silent } from "./drill-fake";

/* A drill of a simulated stack, to be interrupted and killed. Arguments: its folder, and the fault. */

const [, , folder = "", fault = ""] = process.argv;

async function main(): Promise<void> {
  const testbed = new FakeTestbed(folder);
  const options = { faults: [faultNamed(fault)], trials: 1, seed: 1, breakable: [], pace: fakePace };
  const report = await drillTestbed(testbed, options, `${folder}/report`, silent);
  await testbed.end();
  process.exitCode = report.interrupted ? 130 : 0;
}

void main();
