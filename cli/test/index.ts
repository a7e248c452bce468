import { callOf } from "../../local/called";
import { shownError } from "../../local/errors";
import { colors } from "../ui/colors";
import { jobsOf } from "./jobs";
import { chosenLayers, type Layer, layers } from "./layers";
import { leftovers, lookBefore } from "./leftovers";
import { type Need, prepare } from "./needs";
import { atATime, runJobs } from "./run-layer";
import { TestRun } from "./test-run";

const say = (line: string): void => void process.stdout.write(`${line}\n`);

interface Outcome {
  name: string;
  result: "passed" | "FAILED" | "interrupted";
  seconds: number;
}

/** Prints a layer's heading and runs an action; an error makes the layer fail. */
async function under(name: string, action: () => Promise<Outcome["result"]>): Promise<Outcome> {
  const start = performance.now();
  say(`\n${colors.bold(`=== ${name}`)}`);
  let result: Outcome["result"] = "FAILED";
  try {
    result = await action();
  } catch (error) {
    say(colors.red(`${name}: ${shownError(error)}`));
  }
  return { name, result, seconds: (performance.now() - start) / 1000 };
}

const runLayer = (layer: Layer, run: TestRun, ready: Record<Need, Promise<void>>): Promise<Outcome> =>
  under(layer.name, async () => {
    const jobs = jobsOf(layer);
    await Promise.all(layer.needs.map((need) => ready[need]));
    const { results, interrupted } = await runJobs(jobs, run, layer.limit, atATime(layer.alone), say);
    if (interrupted) return "interrupted";
    return results.every(({ failure }) => failure === undefined) ? "passed" : "FAILED";
  });

/** The last layer: it fails if the others left something behind. */
const lookForLeftovers = (run: TestRun, before: ReturnType<typeof lookBefore>): Promise<Outcome> =>
  under("leftovers", async () => {
    const left = await leftovers(run, before);
    for (const line of left) say(colors.red(`✖ ${line}`));
    return left.length === 0 ? "passed" : "FAILED";
  });

function sayOutcomes(outcomes: Outcome[]): void {
  say(`\n${colors.bold("=== summary")}`);
  for (const { name, result, seconds } of outcomes) {
    const paint = result === "passed" ? colors.green : colors.red;
    say(`${name.padEnd(16)}${paint(result.padEnd(12))}${seconds.toFixed(1).padStart(7)} s`);
  }
}

/**
 * Runs the layers one after the other, all of them even if one fails, and looks for leftovers. What later layers need
 * is prepared while the first ones run.
 *
 * @param names layers; none: all
 * @returns 0 if all passed, 1 if not, 130 after Ctrl-C
 */
export async function test(names: string[]): Promise<number> {
  const chosen = chosenLayers(names);
  // Names the layers that do not run.
  for (const { name } of layers.filter((layer) => layer.onRequest && names.length === 0))
    say(colors.yellow(`The layer ${name} is not run; \`${callOf("test", name)}\` runs it`));
  const before = lookBefore();
  const run = new TestRun();
  const outcomes: Outcome[] = [];
  try {
    const ready = prepare(new Set(chosen.flatMap(({ needs }) => needs)), say);
    for (const layer of chosen) {
      const outcome = await runLayer(layer, run, ready);
      outcomes.push(outcome);
      if (outcome.result === "interrupted") break;
    }
    outcomes.push(await lookForLeftovers(run, before));
  } finally {
    await run.end();
  }
  sayOutcomes(outcomes);
  if (outcomes.some(({ result }) => result === "interrupted")) return 130;
  return outcomes.every(({ result }) => result === "passed") ? 0 : 1;
}
