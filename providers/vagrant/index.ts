import { current } from "../current";
import { machine as provider } from "./lifecycle";

export { Machine, type MachineArgs } from "./machine";
/** What Pulumi calls. */
export const machine = current(provider);
