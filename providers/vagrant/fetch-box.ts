import { createHash } from "node:crypto";
import { isInstalled, vagrantHome } from "./box";
import { boxAdd } from "./client";
import type { MachineInputs } from "./inputs";
import { inTurn } from "./turns";

/**
 * Downloads the machine's box unless Vagrant has it. It is downloaded once for all machines of all stacks: with plain
 * Vagrant each `up` downloads it, and they disturb each other.
 *
 * @param say gets a line for each step that takes time
 */
export async function ensureBox(inputs: MachineInputs, say: (text: string) => void): Promise<void> {
  if (inputs.box === undefined || (await isInstalled(inputs))) return;
  const which = `${vagrantHome(inputs)} ${inputs.box} ${inputs.hypervisor}`;
  const name = `box-${createHash("sha256").update(which).digest("hex").slice(0, 16)}`;
  const fetch = async (): Promise<void> => {
    if (await isInstalled(inputs)) return;
    say(`fetching the box ${inputs.box}`);
    await boxAdd(inputs);
  };
  await inTurn(name, fetch, () => say(`waiting for the box ${inputs.box}, which another process fetches`));
}
