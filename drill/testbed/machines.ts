import { passedOn } from "../../local/child-environment";
import { type RunResult, tryRun } from "../../local/run";
import type { RecordedMachine } from "../../stack/state";
import type { MachineAction } from "../faults";

/** A hypervisor's commands: its program, and the arguments for each verb. */
interface Hypervisor {
  program: string;
  args(machine: RecordedMachine, verb: MachineAction["verb"], mac: string): string[];
  /** What it prints if the machine is in the wanted state already, which is no failure. */
  already: RegExp;
}

const libvirt: Hypervisor = {
  program: "virsh",
  args({ machineId = "", libvirtUri }, verb, mac) {
    const connect = libvirtUri ? ["--connect", libvirtUri] : [];
    const args: Record<MachineAction["verb"], string[]> = {
      "power-off": ["destroy", machineId],
      "power-on": ["start", machineId],
      pause: ["suspend", machineId],
      resume: ["resume", machineId],
      unplug: ["domif-setlink", machineId, mac, "down"],
      plug: ["domif-setlink", machineId, mac, "up"],
    };
    return [...connect, ...args[verb]];
  },
  already: /domain is (not|already) (running|active|paused)|already active|is not running/i,
};

const virtualbox: Hypervisor = {
  program: "VBoxManage",
  args({ machineId = "" }, verb) {
    const control = (...words: string[]): string[] => ["controlvm", machineId, ...words];
    // The first card is Vagrant's own network, the second one the node's.
    const args: Record<MachineAction["verb"], string[]> = {
      "power-off": control("poweroff"),
      "power-on": ["startvm", machineId, "--type", "headless"],
      pause: control("pause"),
      resume: control("resume"),
      unplug: control("setlinkstate2", "off"),
      plug: control("setlinkstate2", "on"),
    };
    return args[verb];
  },
  already: /not currently running|already locked|is not paused|already running|Invalid machine state/i,
};

const hypervisors: Record<string, Hypervisor> = { libvirt, virtualbox };

/** The command line for a verb. @throws if the hypervisor is not known */
function machineCommand(
  machine: RecordedMachine,
  verb: MachineAction["verb"],
  mac: string,
): { program: string; args: string[]; already: RegExp } {
  const hypervisor = hypervisors[machine.hypervisor ?? ""];
  if (!hypervisor || !machine.machineId)
    throw new Error(
      `${machine.name} is a machine of ${machine.hypervisor ?? "no known hypervisor"}, which cannot be controlled from here`,
    );
  return {
    program: hypervisor.program,
    args: hypervisor.args(machine, verb, mac),
    already: hypervisor.already,
  };
}

/**
 * Controls a machine.
 *
 * @returns false if it was in the wanted state already
 * @throws with the output of the hypervisor
 */
export async function controlMachine(
  machine: RecordedMachine,
  verb: MachineAction["verb"],
  mac: string,
): Promise<boolean> {
  const { program, args, already } = machineCommand(machine, verb, mac);
  const { code, stdout, stderr }: RunResult = await tryRun(program, args, {
    env: { ...passedOn(process.env), LC_ALL: "C" },
    timeout: 60_000,
  });
  if (code === 0) return true;
  if (already.test(stderr)) return false;
  throw new Error(`\`${[program, ...args].join(" ")}\` failed: ${(stderr || stdout).trim()}`);
}
