import { join } from "node:path";
import { currentLab, insideLab, type LabDescription, runningLab } from "../lab";
import { handOver } from "../local/foreground";
import { packageRoot } from "../local/root";
import { ensureToolchain } from "../local/toolchain";
import { knownStack } from "../stack/known-stack";
import { labsOf } from "../stack/lab-stacks";
import { stackFile } from "../stack/stack-file";
import { readState, type StackState } from "../stack/state";
import type { Place } from "./place";
import { backendOf, cliOf } from "./pulumi/surroundings";

async function stateOf(stack: string): Promise<StackState | undefined> {
  const cli = async () => cliOf({ toolchain: await ensureToolchain(() => {}), lab: undefined });
  // Stacks of the lab are in the local backend, even if the user is logged in to another one.
  const local = await readState(backendOf(true), stack, cli);
  return local ?? (await readState(backendOf(currentLab() !== undefined), stack, cli));
}

/** Where the nodes of a stack can be reached from. */
export async function placeOf(stack: string): Promise<Place> {
  const state = await stateOf(stack);
  const known = state && knownStack(state, stackFile(stack));
  if (!known) return { kind: "nowhere", state: "not-up" };
  if (labsOf(state).length === 0 || currentLab()) return { kind: "here", known, machines: state.machines };
  const lab = runningLab();
  return lab ? { kind: "lab", lab } : { kind: "nowhere", state: "lab-stopped", known };
}

/**
 * Runs a whole command line inside a lab and returns its exit code. The folder stays the same, so paths keep their
 * meaning.
 */
export async function againInside(lab: LabDescription, argv: readonly string[]): Promise<number> {
  const program = join(packageRoot, "cli", "bootstrap.mjs");
  return await handOver(insideLab(lab, [process.execPath, program, ...argv]), process.cwd());
}
