import { stored } from "../stored";
import { machine as provider } from "./lifecycle";

export type { MachineArgs, NetworkArgs, PortArgs, ScriptArgs, SyncedFolderArgs } from "./args";
export { type BoxInputs, debianBox } from "./debian-box";
export { type HypervisorName, hypervisorNames } from "./hypervisors";
export { Machine } from "./machine";
export type { ForwardedPort } from "./vagrantfile-network";

/** What Pulumi calls. */
export const machine = stored("vagrant.Machine", provider);
