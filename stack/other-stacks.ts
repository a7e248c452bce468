import { existsSync } from "node:fs";
import { labName } from "../local/paths";
import { localStacks } from "../local/pulumi/checkpoint";
import type { Backend } from "../local/toolchain/environment";
import type { Settings } from "../settings";
import { checkSettingsFile } from "../settings/file";
import type { OtherStack } from "./clashes";
import { labsOf } from "./lab-stacks";
import { stackFile } from "./stack-file";
import { readLocal, type StackState } from "./state";

/** The settings in a stack's file here; undefined if there is none, or if it has mistakes. */
export function settingsOf(stack: string): Settings | undefined {
  try {
    const file = stackFile(stack);
    return existsSync(file) ? checkSettingsFile(file) : undefined;
  } catch {
    return undefined; // It has mistakes, which its own `up` reports.
  }
}

function stateOf(backend: Backend, stack: string): StackState | undefined {
  try {
    return readLocal(backend, stack);
  } catch {
    return undefined; // It cannot be read, which its own `up` reports.
  }
}

/** Whether a stack's nodes can be on the same networks as ours. Hosts can be anywhere, so they always count. */
function isNear(state: StackState, usesLab: boolean): boolean {
  if (state.machines.length === 0) return true;
  const labs = labsOf(state);
  return usesLab ? labs.includes(labName()) : labs.length === 0;
}

/**
 * The other stacks in a local backend that have resources. Those of this clone come with their settings; those of other
 * clones are known only by their state.
 */
export function otherStacks(backend: Backend, stack: string, usesLab: boolean): OtherStack[] {
  return localStacks(backend).flatMap((other) => {
    if (other === stack) return [];
    const state = stateOf(backend, other);
    if (!state?.claims.length) return [];
    const { claims } = state;
    return [{ stack: other, claims, settings: settingsOf(other), near: isNear(state, usesLab) }];
  });
}
