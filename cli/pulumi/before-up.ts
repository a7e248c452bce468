import { existsSync } from "node:fs";
import { callOn } from "../../local/called";
import { Failure } from "../../local/errors";
import { ensureToolchain } from "../../local/toolchain";
import type { Backend } from "../../local/toolchain/environment";
import { refuseClashes } from "../../stack/clashes";
import { refuseOtherLab } from "../../stack/lab-stacks";
import { otherStacks } from "../../stack/other-stacks";
import { readState, type StackState } from "../../stack/state";
import { runsInLab } from "../hypervisor";
import { backendOf, cliOf } from "./surroundings";
import { type FoundSettings, foundSettings, type SettingsOptions } from "./told-settings";
import { awaitTurn, type Turn } from "./turn";

/** A stack that passed all checks before an `up`. */
export interface Sound {
  stack: string;
  /** Its settings, and where they are. */
  found: FoundSettings;
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
 * @param options where else settings are
 * @throws Failure or SettingsError with the reasons
 */
export async function lookBeforeUp(
  stack: string,
  wait: boolean | undefined,
  say: (line: string) => void,
  command: readonly [name: string, ...words: string[]] = ["up"],
  options: SettingsOptions = {},
): Promise<Sound> {
  const found = await foundSettings(stack, options);
  const { settings } = found;
  const usesLab = await runsInLab(settings);
  if (usesLab && existsSync(found.file) && !found.inFile)
    throw new Failure(
      `the stack \`${stack}\` imports settings (\`environment:\`), and its machines are in the lab, which has no network to read them: write them under \`config:\`, or choose another \`hypervisor\``,
    );
  const backend = backendOf(usesLab, say);
  const read = (): Promise<StackState | undefined> =>
    readState(backend, stack, async () => cliOf({ toolchain: await ensureToolchain(say), lab: undefined }));
  const turn = { wait, again: callOn(stack, command[0], "--wait", ...command.slice(1)), say };
  await awaitTurn(backend, stack, turn);
  const known = await read();
  if (known) refuseOtherLab(stack, known);
  refuseClashes(settings, otherStacks(backend, stack, usesLab));
  if (!known?.resources) {
    const { refuseUnfit, subjectOf } = await import("../doctor/index.js");
    await refuseUnfit(await subjectOf(stack, found), say);
  }
  const nodes = [...new Set([...settings.nodes.map(({ name }) => name), ...(known?.nodes ?? [])])];
  return { stack, found, usesLab, nodes, known, backend, turn, read };
}
