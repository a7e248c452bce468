import { currentLab } from "../lab";
import { tryRun } from "../local/run";
import { onPath } from "../local/toolchain/path";
import type { Settings } from "../settings";

/** What runs the machines, after `auto` is decided. */
export type Hypervisor = Exclude<Settings["hypervisor"], "auto">;

/** Whether VirtualBox is there and works: its command may be installed without a service or kernel module. */
async function virtualBoxWorks(): Promise<boolean> {
  if (!onPath("vagrant") || !onPath("VBoxManage")) return false;
  try {
    const { code, stdout } = await tryRun("VBoxManage", ["list", "systemproperties"], { timeout: 20_000 });
    return code === 0 && /^Default machine folder:/m.test(stdout);
  } catch {
    return false; // It hangs.
  }
}

/** The setting `hypervisor`, with `auto` decided: VirtualBox if it works, else the lab. */
export async function chooseHypervisor(setting: Settings["hypervisor"]): Promise<Hypervisor> {
  if (setting !== "auto") return setting;
  return (await virtualBoxWorks()) ? "virtualbox" : "lab";
}

/**
 * Whether a stack runs in the lab: its machines do, or every node is a host and this process is in the lab's shell,
 * from where such a host can be a machine that somebody made there.
 */
export async function runsInLab({
  hypervisor,
  nodes,
}: Pick<Settings, "hypervisor" | "nodes">): Promise<boolean> {
  if (nodes.every(({ host }) => host)) return currentLab() !== undefined;
  return (await chooseHypervisor(hypervisor)) === "lab";
}
