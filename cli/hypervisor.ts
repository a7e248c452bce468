import { currentLab } from "../lab";
import { tryRun } from "../local/run";
import { onPath } from "../local/toolchain/path";
import type { Settings } from "../settings";

/** The hypervisor of the machines, once `auto` is resolved. */
export type Hypervisor = Exclude<Settings["hypervisor"], "auto">;

/** Whether VirtualBox works. Its command may be installed without its service or kernel module. */
async function virtualBoxWorks(): Promise<boolean> {
  if (!onPath("vagrant") || !onPath("VBoxManage")) return false;
  try {
    const { code, stdout } = await tryRun("VBoxManage", ["list", "systemproperties"], { timeout: 20_000 });
    return code === 0 && /^Default machine folder:/m.test(stdout);
  } catch {
    return false; // It hangs.
  }
}

/** Resolves the setting `hypervisor`: `auto` is VirtualBox if it works, else the lab. */
export async function chooseHypervisor(setting: Settings["hypervisor"]): Promise<Hypervisor> {
  if (setting !== "auto") return setting;
  return (await virtualBoxWorks()) ? "virtualbox" : "lab";
}

/**
 * Whether a stack runs in the lab. It does if its machines do. It also does if every node is a host and this process is
 * in the lab's shell: the hosts may be machines that somebody made there.
 */
export async function runsInLab({
  hypervisor,
  nodes,
}: Pick<Settings, "hypervisor" | "nodes">): Promise<boolean> {
  if (nodes.every(({ host }) => host)) return currentLab() !== undefined;
  return (await chooseHypervisor(hypervisor)) === "lab";
}
