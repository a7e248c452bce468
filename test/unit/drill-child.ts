import { drillGround } from "../../cli/actions/drill";
import { FakeGround, fakePace } from "./drill-fake";

/* A drill of a simulated stack, to be interrupted and killed. Arguments: its folder, and the fault. */

const [, , folder = "", fault = ""] = process.argv;

async function main(): Promise<void> {
  const ground = new FakeGround(folder);
  const options = { stack: "fake", fault: [fault], trials: 1, seed: 1, pace: fakePace };
  const report = await drillGround(ground, options, `${folder}/report`);
  await ground.end();
  process.exitCode = report.interrupted ? 130 : 0;
}

void main();
