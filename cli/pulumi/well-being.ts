import { join } from "node:path";
import { messageOf } from "../../local/errors";
import { packageRoot } from "../../local/root";
import { tryRun } from "../../local/run";
import { placeOf } from "../reach";
import { look } from "../status-report";
import type { StatusReport } from "../ui/status-table";
import { whyUnreached } from "../unreached";
import { commandIn, isInside, type Surroundings } from "./surroundings";

/** Seconds for nodes and VIP to settle after an update: an agent asks Docker every 20 s. */
export const settlingTime = 90;

/**
 * How a stack is, as `status` says; measured where its nodes can be reached, which this process may not be.
 *
 * @param within seconds to wait for it to be well, as long as waiting may help
 * @returns the reason, as a text, if that cannot be told
 */
export const wellBeing = (
  stack: string,
  surroundings: Surroundings,
  within = 0,
): Promise<StatusReport | string> =>
  surroundings.lab && !isInside() ? inLab(stack, surroundings, within) : here(stack, within);

async function here(stack: string, within: number): Promise<StatusReport | string> {
  try {
    const place = await placeOf(stack);
    if (place.kind === "here") return await look(stack, place.known, within);
    return place.kind === "lab" ? "its nodes are in a lab" : whyUnreached(stack, place);
  } catch (error) {
    return messageOf(error);
  }
}

async function inLab(
  stack: string,
  surroundings: Surroundings,
  within: number,
): Promise<StatusReport | string> {
  const program = join(packageRoot, "cli", "bootstrap.mjs");
  const options = ["--stack", stack, "--json", ...(within > 0 ? ["--within", String(within)] : [])];
  const { command, args, env } = commandIn(surroundings, [process.execPath, program, "status", ...options]);
  const limit = (within + 60) * 1_000;
  const { stdout, stderr } = await tryRun(command, args, { cwd: packageRoot, env, timeout: limit });
  try {
    return JSON.parse(stdout) as StatusReport;
  } catch (error) {
    return stderr.trim() || messageOf(error);
  }
}
