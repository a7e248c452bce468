import { status } from "./client";
import type { MachineInputs } from "./inputs";
import { vmState } from "./vboxmanage";
import { domainState } from "./virsh";

/** The machine's state as its hypervisor reports it; undefined if only Vagrant knows it. */
export async function nativeState(inputs: MachineInputs, machineId: string): Promise<string | undefined> {
  if (inputs.hypervisor === "libvirt") return await domainState(inputs, machineId);
  if (inputs.hypervisor === "virtualbox") return await vmState(inputs, machineId);
  return undefined;
}

/**
 * The machine's state, in Vagrant's words: `running`, `not_created`, or another of the hypervisor's.
 *
 * @param machineId the hypervisor's id of it; empty if it is not known
 */
export const currentState = async (inputs: MachineInputs, machineId: string): Promise<string> =>
  (await nativeState(inputs, machineId)) ?? (await status(inputs));
