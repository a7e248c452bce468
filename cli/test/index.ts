import { shownError } from "../../local/errors";
import { stream } from "../../local/foreground";
import { packageRoot } from "../../local/root";
import { colors } from "../ui/colors";
import { chosenLayers, commandOf, type Layer, layers } from "./layers";
import { type Need, prepare } from "./needs";

const say = (line: string): void => void process.stdout.write(`${line}\n`);

interface Outcome {
  name: string;
  result: "passed" | "FAILED" | "interrupted";
  seconds: number;
}

async function runLayer(layer: Layer, ready: Record<Need, Promise<void>>): Promise<Outcome | undefined> {
  const start = performance.now();
  const outcome = (result: Outcome["result"]): Outcome => ({
    name: layer.name,
    result,
    seconds: (performance.now() - start) / 1000,
  });
  try {
    const args = commandOf(layer);
    if (!args) return undefined;
    say(`\n${colors.bold(`=== ${layer.name}`)}`);
    await Promise.all(layer.needs.map((need) => ready[need]));
    // Set where this runs below a test: then a test runner would do nothing.
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const ended = await stream({ command: process.execPath, args, env }, { cwd: packageRoot });
    if (ended.interrupted) return outcome("interrupted");
    return outcome(ended.code === 0 ? "passed" : "FAILED");
  } catch (error) {
    say(colors.red(`${layer.name}: ${shownError(error)}`));
    return outcome("FAILED");
  }
}

/**
 * Runs the layers' tests one after the other, all of them even if one fails. What later layers need is prepared
 * while the first ones run.
 *
 * @param names layers; none: all
 * @returns 0 if all passed, 1 if not, 130 after Ctrl-C
 */
export async function test(names: string[]): Promise<number> {
  const chosen = chosenLayers(names);
  // What is not run is said.
  for (const { name } of layers.filter((layer) => layer.onRequest && names.length === 0))
    say(colors.yellow(`The layer ${name} is not run; \`npm test -- ${name}\` runs it`));
  const ready = prepare(new Set(chosen.flatMap(({ needs }) => needs)), say);
  const outcomes: Outcome[] = [];
  for (const layer of chosen) {
    const outcome = await runLayer(layer, ready);
    if (outcome) outcomes.push(outcome);
    if (outcome?.result === "interrupted") break;
  }
  say(`\n${colors.bold("=== summary")}`);
  for (const { name, result, seconds } of outcomes) {
    const paint = result === "passed" ? colors.green : colors.red;
    say(`${name.padEnd(12)}${paint(result.padEnd(12))}${seconds.toFixed(1).padStart(7)} s`);
  }
  if (outcomes.some(({ result }) => result === "interrupted")) return 130;
  return outcomes.every(({ result }) => result === "passed") ? 0 : 1;
}
