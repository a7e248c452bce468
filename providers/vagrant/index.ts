import { current } from "../current";
import { machine as provider } from "./lifecycle";

export type { MachineArgs, NetworkArgs, PortArgs, ScriptArgs, SyncedFolderArgs } from "./args";
export { type HypervisorName, hypervisorNames } from "./hypervisors";
export { Machine } from "./machine";
export type { ForwardedPort } from "./vagrantfile-network";

/** What Pulumi calls. @internal */
export const machine = current(provider);
