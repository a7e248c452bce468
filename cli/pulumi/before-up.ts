import { callOn } from "../../local/called";
import { ensureToolchain } from "../../local/toolchain";
import type { Backend } from "../../local/toolchain/environment";
import { checkSettingsFile } from "../../settings/file";
import { refuseClashes } from "../../stack/clashes";
import { refuseOtherLab } from "../../stack/lab-stacks";
import { otherStacks } from "../../stack/other-stacks";
import { existingStackFile } from "../../stack/stack-file";
import { readState, type StackState } from "../../stack/state";
import { refuseUnfit, subjectOf } from "../doctor";
import { runsInLab } from "../hypervisor";
import { backendOf, cliOf } from "./surroundings";
import { awaitTurn, type Turn } from "./turn";

/** A stack that passed all checks before an `up`. */
export interface Sound {
  stack: string;
  /** Its settings. */
  file: string;
  usesLab: boolean;
  /** Names of its nodes: those that it is to have, and those that it has. */
  nodes: string[];
  /** Its state; undefined if it was never made. */
  known: StackState | undefined;
  backend: Backend;
  /** How it behaves while others work on the stack. */
  turn: Turn;
  /** Reads the state again. */
  read(): Promise<StackState | undefined>;
}

/**
 * Checks everything that could make an `up` fail later, before anything is prepared or changed.
 *
 * @param wait whether to wait for another run of Pulumi on the stack, instead of refusing
 * @param command the one that does it, for the message that tells how to wait
 * @throws Failure or SettingsError with the reasons
 */
export async function lookBeforeUp(
  stack: string,
  wait: boolean | undefined,
  say: (line: string) => void,
  command: readonly [name: string, ...words: string[]] = ["up"],
): Promise<Sound> {
  const file = existingStackFile(stack);
  const settings = checkSettingsFile(file);
  const usesLab = await runsInLab(settings);
  const backend = backendOf(usesLab, say);
  const read = (): Promise<StackState | undefined> =>
    readState(backend, stack, async () => cliOf({ toolchain: await ensureToolchain(say), lab: undefined }));
  const turn = { wait, again: callOn(stack, command[0], "--wait", ...command.slice(1)), say };
  await awaitTurn(backend, stack, turn);
  const known = await read();
  if (known) refuseOtherLab(stack, known);
  refuseClashes(settings, otherStacks(backend, stack, usesLab));
  if (!known?.resources) await refuseUnfit(await subjectOf(stack), say);
  const nodes = [...new Set([...settings.nodes.map(({ name }) => name), ...(known?.nodes ?? [])])];
  return { stack, file, usesLab, nodes, known, backend, turn, read };
}
