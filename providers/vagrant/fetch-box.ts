import { createHash } from "node:crypto";
import { isInstalled, vagrantHome } from "./box";
import { boxAdd } from "./client";
import type { MachineInputs } from "./inputs";
import { inTurn } from "./turns";

/**
 * Fetches the machine's box unless Vagrant has it. Once, however many machines of however many stacks want it: Vagrant
 * itself lets each `up` fetch it, and they get in each other's way.
 *
 * @param say is told what takes time
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
