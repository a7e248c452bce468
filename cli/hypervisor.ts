import type { Settings } from "../settings";
import { tryRun } from "../system/run";
import { onPath } from "../toolchain/path";

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
