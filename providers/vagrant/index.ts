export { machine } from "./lifecycle";
export { Machine, type MachineArgs } from "./machine";
