import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import type { HypervisorName } from "./hypervisors";
import type { MachineInputs } from "./inputs";

/** Further providers whose boxes a hypervisor accepts, beside its own. */
const formats: Partial<Record<HypervisorName, string[]>> = {
  vmware_desktop: ["vmware_desktop", "vmware_fusion", "vmware_workstation"],
  qemu: ["qemu", "libvirt"],
};

export const vagrantHome = ({ environment }: MachineInputs): string =>
  environment.VAGRANT_HOME || process.env.VAGRANT_HOME || join(homedir(), ".vagrant.d");

/** A box's name as Vagrant writes it in names of files. */
export const boxFileName = (box: string): string =>
  box.replace(/:/g, "-VAGRANTCOLON-").replace(/\//g, "-VAGRANTSLASH-");

const foldersIn = async (folder: string): Promise<string[]> => await readdir(folder).catch(() => []);

/**
 * The versions of the machine's box that Vagrant has for its hypervisor. They are read from Vagrant's files: a call of
 * Vagrant takes a second.
 */
export async function installedVersions(inputs: MachineInputs): Promise<string[]> {
  const home = join(vagrantHome(inputs), "boxes", boxFileName(inputs.box ?? ""));
  const providers = formats[inputs.hypervisor] ?? [inputs.hypervisor];
  const has = (folder: string): boolean =>
    providers.some((provider) => existsSync(join(folder, provider, "metadata.json")));
  const versions: string[] = [];
  for (const version of await foldersIn(home)) {
    const folder = join(home, version);
    // Since Vagrant 2.4 there is a folder for the architecture in between.
    const below = (await foldersIn(folder)).map((name) => join(folder, name));
    if (has(folder) || below.some(has)) versions.push(version);
  }
  return versions;
}

/** Whether Vagrant has the box that the machine is made from. */
export async function isInstalled(inputs: MachineInputs): Promise<boolean> {
  const versions = await installedVersions(inputs);
  return inputs.boxVersion === undefined ? versions.length > 0 : versions.includes(inputs.boxVersion);
}
