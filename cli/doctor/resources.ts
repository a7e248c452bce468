import { statSync } from "node:fs";
import { join } from "node:path";
import { defaultMemory } from "../../domain/machine-memory";
import { cacheHome, dataHome } from "../../local/paths";
import { packageRoot } from "../../local/root";
import { type Check, fault, gibibytes, remark, type Subject, well } from "./check";

/** MiB. */
const memoryOfMachine = ({ settings, hypervisor }: Subject): number =>
  settings?.memory ?? defaultMemory[hypervisor === "lab" ? "lab" : "elsewhere"];

/** MiB that this machine needs for itself, Pulumi and the hypervisor. */
const forItself = 1536;

const machinesOf = ({ settings }: Subject): number => settings?.nodes.filter(({ host }) => !host).length ?? 0;

const memory: Check = {
  name: "memory",
  beforeUp: true,
  look(subject) {
    const count = machinesOf(subject);
    if (count === 0 || subject.known?.machines.length) return [];
    const needed = count * memoryOfMachine(subject) + forItself;
    const { total, available } = subject.machine.memory();
    const what = `${count} machines with ${memoryOfMachine(subject)} MiB each need ${gibibytes(needed)} with all other programs`;
    if (total < needed)
      return fault(
        `${what}, and this machine has ${gibibytes(total)} in all`,
        "lower `memory`, or use a larger machine",
      );
    return available < needed
      ? remark(`${what}, and ${gibibytes(available)} are free`, "end other programs, or lower `memory`")
      : well(`${gibibytes(available)} of memory are free, ${gibibytes(needed)} are needed`);
  },
};

/** MiB on the disk for each machine. lab/preflight.ts has the numbers for the lab. */
const diskOfMachine = 4096;
const diskForTools = 2048;

const disk: Check = {
  name: "disk",
  beforeUp: true,
  look(subject) {
    const { machine, hypervisor } = subject;
    const needed = hypervisor === "lab" ? diskForTools : machinesOf(subject) * diskOfMachine + diskForTools;
    return [...new Set([cacheHome(), dataHome()])].flatMap((folder) => {
      const free = machine.free(folder);
      if (subject.known?.machines.length || free >= needed)
        return well(`${gibibytes(free)} are free for ${folder}`);
      return fault(
        `${gibibytes(free)} are free for ${folder}, and ${gibibytes(needed)} are needed`,
        "free some space, or set `XDG_CACHE_HOME` and `XDG_DATA_HOME` to folders on a larger disk",
      );
    });
  },
};

/** When the program was installed or compiled: a right clock cannot be earlier. */
const programTime = (): number => statSync(join(packageRoot, "package.json")).mtimeMs;

const clock: Check = {
  name: "clock",
  beforeUp: true,
  async look({ machine }) {
    const shown = new Date(machine.now).toISOString();
    if (machine.now < programTime() - 60_000)
      return fault(
        `The clock says ${shown}, before this program was installed: certificates and logs are wrong`,
        "timedatectl set-ntp true",
      );
    if (!machine.program("timedatectl"))
      return well(`The clock says ${shown}; whether it is synchronized is not known`);
    const { code, stdout } = await machine.run(
      "timedatectl",
      "show",
      "--property=NTPSynchronized",
      "--value",
    );
    if (code !== 0) return well(`The clock says ${shown}; whether it is synchronized is not known`);
    return stdout.trim() === "yes"
      ? well("The clock is synchronized with NTP")
      : remark(
          `The clock (${shown}) is not synchronized: times in the logs of the nodes will not match`,
          "timedatectl set-ntp true",
        );
  },
};

export const resourceChecks: Check[] = [memory, disk, clock];
