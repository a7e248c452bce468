import type { Backend } from "../../local/toolchain/environment";
import type { Settings } from "../../settings";
import type { StackState } from "../../stack/state";
import type { Hypervisor } from "../hypervisor";
import type { ThisMachine } from "./machine";

/** `fault`: an `up` fails, or does not do what it should. `remark`: it works, and should be known. */
export type State = "well" | "remark" | "fault";

export interface Finding {
  state: State;
  /** What was found, and what follows from it. */
  meaning: string;
  /** The command, or the steps, that mend it. */
  mend?: string;
  /** Mends it, where that can harm nobody; gives what was done. */
  fix?: () => Promise<string>;
}

/** What a check looks at. */
export interface Subject {
  machine: ThisMachine;
  stack: string;
  /** The file with the stack's settings; it may be missing. */
  file: string;
  /** Undefined if they are missing or wrong. */
  settings: Settings | undefined;
  /** What runs the stack's machines; undefined if every node is a host, or nobody knows. */
  hypervisor: Hypervisor | undefined;
  /** Its machines are the lab's, or this is the lab's shell: the lab serves the shared directory then, to hosts as well. */
  inLab: boolean;
  backend: Backend;
  /** What is known of the stack; undefined if it is not there. */
  known: StackState | undefined;
}

export interface Check {
  name: string;
  /** Whether an `up` that makes the stack is refused because of a fault. */
  beforeUp?: boolean;
  /** Gives no finding where there is nothing to ask, such as VirtualBox's networks for the lab. */
  look(subject: Subject): Promise<Finding[]> | Finding[];
}

export const well = (meaning: string): Finding[] => [{ state: "well", meaning }];

export const remark = (meaning: string, mend?: string, fix?: Finding["fix"]): Finding[] => [
  { state: "remark", meaning, mend, fix },
];

export const fault = (meaning: string, mend?: string, fix?: Finding["fix"]): Finding[] => [
  { state: "fault", meaning, mend, fix },
];

/** Whether the stack has machines that this machine runs, and not in the lab. */
export const runsHere = ({ hypervisor }: Subject): boolean =>
  hypervisor === "virtualbox" || hypervisor === "libvirt";

export const gibibytes = (mebibytes: number): string => `${(mebibytes / 1024).toFixed(1)} GiB`;
