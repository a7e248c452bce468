import { dirname, relative, sep } from "node:path";
import { Failure } from "../local/errors";
import { labHome, labName } from "../local/paths";
import { localStacks } from "../local/pulumi/checkpoint";
import type { Backend } from "../local/toolchain/environment";
import { readState, type StackState } from "./state";

/** Names of the labs that have machines of a stack. */
export function labsOf({ machines }: StackState): string[] {
  const labs = dirname(labHome());
  const names = machines.map(({ directory }) => relative(labs, directory).split(sep)[0] ?? "..");
  return [...new Set(names)].filter((name) => name !== "..");
}

/** Refuses to work on a stack from one lab when its machines are in another. */
export function refuseOtherLab(stack: string, state: StackState): void {
  const other = labsOf(state).find((name) => name !== labName());
  if (other !== undefined) {
    throw new Failure(
      `the stack \`${stack}\` has machines in the lab \`${other}\`, and this is the lab \`${labName()}\`: ` +
        `set \`HA_RANCHER_LAB_NAME=${other}\`, or use another stack`,
    );
  }
}

/** The other stacks that have machines in this lab. */
export async function othersInLab(backend: Backend, stack: string): Promise<string[]> {
  const found: string[] = [];
  for (const other of localStacks(backend)) {
    if (other === stack) continue;
    const state = await readState(backend, other, neverAsked);
    if (state && labsOf(state).includes(labName())) found.push(other);
  }
  return found;
}

const neverAsked = async (): Promise<never> => {
  throw new Error("only local backends are listed");
};
