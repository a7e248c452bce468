import { join } from "node:path";
import { dials } from "../../local/dial";
import { packageRoot } from "../../local/root";
import { tryRun } from "../../local/run";
import { commandIn, isInside, type Surroundings } from "./surroundings";

interface Target {
  name: string;
  address: string;
  port: number;
}

/** Names of the nodes whose SSH port does not take a connection within a second, tried from where Pulumi runs. */
export async function unreachable(nodes: Target[], surroundings: Surroundings): Promise<string[]> {
  const targets = nodes.map(({ address, port }) => `${address}:${port}`);
  const answers =
    surroundings.lab && !isInside() ? await dialInside(targets, surroundings) : await dials(targets);
  return nodes.filter((_, i) => !answers[i]).map(({ name }) => name);
}

async function dialInside(targets: string[], surroundings: Surroundings): Promise<boolean[]> {
  const program = join(packageRoot, "dist", "local", "dial.js");
  const { command, args, env } = commandIn(surroundings, [process.execPath, program, ...targets]);
  const { stdout } = await tryRun(command, args, { env, timeout: 20_000 });
  return JSON.parse(stdout) as boolean[];
}
