import { removeFolder } from "../../local/files";
import { copyVagrantsFiles, type Found } from "./adopt";
import { answer, type Held, type Measured, newRecord, remindVagrant } from "./bring";
import { provision, say, up } from "./client";
import { writeFolder } from "./folder";
import type { MachineInputs } from "./inputs";
import { claimPorts, releasePorts } from "./ports";
import { identityProvisioner } from "./scripts";
import { currentState } from "./states";

/**
 * Takes over a machine that exists: into a folder of its own, with a key of its own, whatever else it lets in. It is
 * believed to be as the inputs say, but for its network, which is seen.
 *
 * If that fails, nothing is left of the try, and the machine is as it was.
 */
export async function takeOver(
  inputs: MachineInputs,
  found: Found,
  privateKey: string,
): Promise<{ held: Held; measured: Measured }> {
  const { machineId, folder, record } = found;
  const held: Held = {
    inputs,
    record: {
      ...newRecord(inputs),
      uuid: record?.uuid ?? (inputs.hypervisor === "libvirt" ? machineId : newRecord(inputs).uuid),
      hostKey: record?.hostKey ?? "",
      adopted: true,
    },
    privateKey,
  };
  say(inputs, `taking over the machine ${machineId}`);
  try {
    held.record.ports = await claimPorts(inputs, record?.ports ?? []);
    await writeFolder(inputs, held.record, found.privateKey ?? privateKey);
    if (folder) await copyVagrantsFiles(inputs, folder);
    await remindVagrant(held, machineId);
    const state = await currentState(inputs, machineId);
    if (state === "not_created") throw new Error(`${inputs.hypervisor} has no machine ${machineId} any more`);
    // The key that it knows stays beside the new one until the new one works.
    await writeFolder(inputs, held.record, privateKey);
    if (state !== "running") await up(inputs, []);
    if (inputs.sshInsertKey) await provision(inputs, [identityProvisioner]);
    return { held, measured: await answer(held, false) };
  } catch (error) {
    await releasePorts(inputs.directory);
    await removeFolder(inputs.directory);
    throw new Error(
      `${inputs.name} cannot be taken over (\`adopt\`), and was left as it is: ${(error as Error).message}`,
    );
  }
}
