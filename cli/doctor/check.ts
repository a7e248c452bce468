import type { Backend } from "../../local/toolchain/environment";
import type { Settings } from "../../settings";
import type { StackState } from "../../stack/state";
import type { Hypervisor } from "../hypervisor";
import type { ThisMachine } from "./machine";

/** `fault`: an `up` fails, or gives a wrong result. `remark`: an `up` works, but the user should know this. */
export type State = "well" | "remark" | "fault";

export interface Finding {
  state: State;
  /** What was found, and what follows from it. */
  meaning: string;
  /** The command, or the steps, that repair it. */
  mend?: string;
  /** Repairs it, if that is harmless, and returns what was done. */
  fix?: () => Promise<string>;
}

/** What checks inspect. */
export interface Subject {
  machine: ThisMachine;
  stack: string;
  /** The file with the stack's settings; it may be missing. */
  file: string;
  /** Undefined if they are missing or wrong. */
  settings: Settings | undefined;
  /** Whether they passed all checks already, wherever they are. */
  isChecked?: boolean;
  /** What runs the stack's machines; undefined if every node is a host, or if it is not known. */
  hypervisor: Hypervisor | undefined;
  /**
   * The stack's machines are in the lab, or this is the lab's shell. The lab then serves the shared directory, also to
   * hosts.
   */
  inLab: boolean;
  backend: Backend;
  /** The stack's state; undefined if the stack does not exist. */
  known: StackState | undefined;
}

export interface Check {
  name: string;
  /** Whether a fault refuses the `up` that makes the stack. */
  beforeUp?: boolean;
  /** Returns no finding if the check does not apply, such as VirtualBox's networks for the lab. */
  look(subject: Subject): Promise<Finding[]> | Finding[];
}

export const well = (meaning: string): Finding[] => [{ state: "well", meaning }];

export const remark = (meaning: string, mend?: string, fix?: Finding["fix"]): Finding[] => [
  { state: "remark", meaning, mend, fix },
];

export const fault = (meaning: string, mend?: string, fix?: Finding["fix"]): Finding[] => [
  { state: "fault", meaning, mend, fix },
];

/** Whether the stack's machines run on this machine, outside of the lab. */
export const runsHere = ({ hypervisor }: Subject): boolean =>
  hypervisor === "virtualbox" || hypervisor === "libvirt";

export const gibibytes = (mebibytes: number): string => `${(mebibytes / 1024).toFixed(1)} GiB`;
