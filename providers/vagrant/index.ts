import { current } from "../current";
import { stored } from "../stored";

export type { MachineArgs, NetworkArgs, PortArgs, ScriptArgs, SyncedFolderArgs } from "./args";
export { type BoxInputs, debianBox } from "./debian-box";
export { type HypervisorName, hypervisorNames } from "./hypervisors";
export { Machine } from "./machine";
export type { ForwardedPort } from "./vagrantfile-network";

/** What Pulumi calls; loaded when it does, which a program with such resources never does. @internal */
export const machine = current(() => {
  const { machine }: typeof import("./lifecycle") = require("./lifecycle");
  return stored("vagrant.Machine", machine);
});
