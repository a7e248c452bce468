import { current } from "../current";

export type { MachineArgs, NetworkArgs, PortArgs, ScriptArgs, SyncedFolderArgs } from "./args";
export { type HypervisorName, hypervisorNames } from "./hypervisors";
export { Machine } from "./machine";
export type { ForwardedPort } from "./vagrantfile-network";

/** What Pulumi calls; loaded when it does, which a program with such resources never does. */
export const machine = current(() => (require("./lifecycle") as typeof import("./lifecycle")).machine);
