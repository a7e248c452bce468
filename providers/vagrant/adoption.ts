import { removeFolder } from "../../local/files";
import { copyVagrantsFiles, type Found } from "./adopt";
import { provision, say, up } from "./client";
import { writeFolder } from "./folder";
import type { MachineInputs } from "./inputs";
import {
  contactRunning,
  type MachineHandle,
  type Measured,
  newRecord,
  remindVagrant,
} from "./machine-handle";
import { claimPorts, releasePorts } from "./ports";
import { identityProvisioner } from "./scripts";
import { currentState } from "./states";

/**
 * Adopts an existing machine: it gets its own folder and its own key, beside the keys that it accepts already. Its
 * network is inspected; otherwise it is assumed to match the inputs.
 *
 * If that fails, nothing is recorded, and the machine is as it was.
 */
export async function takeOver(
  inputs: MachineInputs,
  found: Found,
  privateKey: string,
): Promise<{ handle: MachineHandle; measured: Measured }> {
  const { machineId, folder, record } = found;
  const handle: MachineHandle = {
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
    handle.record.ports = await claimPorts(inputs, record?.ports ?? []);
    await writeFolder(inputs, handle.record, found.privateKey ?? privateKey);
    if (folder) await copyVagrantsFiles(inputs, folder);
    await remindVagrant(handle, machineId);
    const state = await currentState(inputs, machineId);
    if (state === "not_created") throw new Error(`${inputs.hypervisor} has no machine ${machineId} any more`);
    // The machine's known key stays valid until the new one works.
    await writeFolder(inputs, handle.record, privateKey);
    if (state !== "running") await up(inputs, []);
    if (inputs.sshInsertKey) await provision(inputs, [identityProvisioner]);
    return { handle, measured: await contactRunning(handle, false) };
  } catch (error) {
    await releasePorts(inputs.directory);
    await removeFolder(inputs.directory);
    throw new Error(
      `${inputs.name} cannot be taken over (\`adopt\`), and was left as it is: ${(error as Error).message}`,
    );
  }
}
