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

/** The settings in a stack's file here; undefined if there is none, or it is wrong. */
export function settingsOf(stack: string): Settings | undefined {
  try {
    const file = stackFile(stack);
    return existsSync(file) ? checkSettingsFile(file) : undefined;
  } catch {
    return undefined; // Wrong, which its own `up` says.
  }
}

function stateOf(backend: Backend, stack: string): StackState | undefined {
  try {
    return readLocal(backend, stack);
  } catch {
    return undefined; // It cannot be read, which its own `up` says.
  }
}

/** Whether a stack's machines are where ours are to be. Hosts can be anywhere: they may be near. */
function isNear(state: StackState, usesLab: boolean): boolean {
  if (state.machines.length === 0) return true;
  const labs = labsOf(state);
  return usesLab ? labs.includes(labName()) : labs.length === 0;
}

/**
 * The other stacks in a local backend that have anything: those of this clone with their settings, those of another
 * clone of this repository as their state tells of them.
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
