export type { MachineArgs, NetworkArgs, PortArgs, ScriptArgs, SyncedFolderArgs } from "./args";
export { type HypervisorName, hypervisorNames } from "./hypervisors";
export { machine } from "./lifecycle";
export { Machine } from "./machine";
export type { ForwardedPort } from "./vagrantfile-network";
