import { join } from "node:path";
import { currentLab, insideLab, runningLab } from "../lab";
import { Failure } from "../local/errors";
import { handOver } from "../local/foreground";
import { packageRoot } from "../local/root";
import { ensureToolchain } from "../local/toolchain";
import { type KnownStack, knownStack } from "../stack/known-stack";
import { labsOf } from "../stack/lab-stacks";
import { stackFile } from "../stack/stack-file";
import { type RecordedMachine, readState, type StackState } from "../stack/state";
import { backendOf, cliOf } from "./pulumi/surroundings";

/** How a stack can be looked at and worked on from this process. */
export type Reached =
  | { kind: "here"; known: KnownStack; machines: RecordedMachine[] }
  /** The same command ran in the lab's network, and ended with this code. */
  | { kind: "done"; code: number }
  | { kind: "not-up" }
  | { kind: "lab-stopped"; known: KnownStack };

/**
 * Finds a stack's nodes. Where they are in the lab, and this process is not, runs the command again in there: a
 * network namespace is a property of the process.
 *
 * @param argv the command with its arguments, as to `ha-rancher`
 */
export async function reach(stack: string, argv: string[]): Promise<Reached> {
  const state = await stateOf(stack);
  const known = state && knownStack(state, stackFile(stack));
  if (!known) return { kind: "not-up" };
  if (labsOf(state).length === 0 || currentLab()) return { kind: "here", known, machines: state.machines };
  const lab = runningLab();
  if (!lab) return { kind: "lab-stopped", known };
  const program = join(packageRoot, "cli", "bootstrap.mjs");
  const code = await handOver(insideLab(lab, [process.execPath, program, ...argv]), packageRoot);
  return { kind: "done", code };
}

async function stateOf(stack: string): Promise<StackState | undefined> {
  const quiet = (): void => {};
  const cli = async () => cliOf({ toolchain: await ensureToolchain(quiet), lab: undefined });
  // A stack of the lab is in a local backend, also where the user is logged in to another one.
  const local = await readState(backendOf(true), stack, cli);
  return local ?? (await readState(backendOf(currentLab() !== undefined), stack, cli));
}

/** The stack, for a command that changes something on its nodes; or the code of the one that did it in the lab. */
export async function reachToOperate(stack: string, argv: string[]): Promise<KnownStack | number> {
  const reached = await reach(stack, argv);
  switch (reached.kind) {
    case "here":
      return reached.known;
    case "done":
      return reached.code;
    case "not-up":
      throw new Failure(`the stack \`${stack}\` is not up: \`npm run up\` makes it`);
    case "lab-stopped":
      throw new Failure("the lab does not run: `npm run up` starts it and the machines");
  }
}
