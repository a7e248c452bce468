import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { textOf } from "../../local/text";
import { type MachineRecord, readKey, readRecord, recordFile } from "./folder";
import type { MachineInputs } from "./inputs";
import { dataFolder } from "./vagrantfile";
import { vmNames, vmUuid } from "./vboxmanage";
import { domainNames, domainUuid } from "./virsh";

/** An existing machine that belongs to no resource. */
export interface Found {
  /** The hypervisor's id of the machine. */
  machineId: string;
  /** The folder of its Vagrantfile, if it was found by that. */
  folder?: string;
  /** Its record, if a resource of ours made it. */
  record?: MachineRecord;
  privateKey?: string;
}

/** Vagrant's files of a machine that must be copied; its entry in Vagrant's index of all machines is not among them. */
const dataFiles = ["private_key", "creator_uid", "box_meta", "action_provision", "action_set_name"];

/**
 * Whether Vagrant gives a machine with that name this full name at the hypervisor. The full names of this provider do
 * not count: such a machine may belong to another stack, and is adopted only by its id or folder.
 */
export function isNameOf(full: string, name: string): boolean {
  const end = name.replace(/[^a-z0-9]/g, "\\$&");
  // vagrant-libvirt: FOLDER_NAME; VirtualBox: FOLDER_NAME_TIME_NUMBER.
  return new RegExp(`^(?:|.+_)${end}(?:_\\d{10,}_\\d+)?$`).test(full);
}

async function byName(inputs: MachineInputs): Promise<Found | undefined> {
  const { hypervisor, name } = inputs;
  if (hypervisor !== "libvirt" && hypervisor !== "virtualbox")
    throw new Error(
      `\`adopt\` true finds machines of libvirt and VirtualBox only: for ${hypervisor} name the machine by ` +
        "`adopt: { folder }`, where its Vagrantfile is, or `adopt: { id }`",
    );
  const all = hypervisor === "libvirt" ? await domainNames(inputs) : await vmNames(inputs);
  const found = all.filter((full) => isNameOf(full, name));
  if (found.length > 1)
    throw new Error(
      `\`adopt\` true finds more than one machine ${name}: ${found.join(", ")}. Choose one by \`adopt: { id }\``,
    );
  const [full] = found;
  const machineId = full && (await byId(inputs, full));
  return machineId ? { machineId } : undefined;
}

async function byId(inputs: MachineInputs, id: string): Promise<string | undefined> {
  if (inputs.hypervisor === "libvirt") return await domainUuid(inputs, id);
  if (inputs.hypervisor === "virtualbox") return await vmUuid(inputs, id);
  return id;
}

async function inFolder(inputs: MachineInputs, folder: string): Promise<Found> {
  const machineId = (await textOf(join(dataFolder(folder, inputs), "id")))?.trim();
  if (!machineId)
    throw new Error(
      `\`adopt.folder\` ${folder}: Vagrant knows no machine ${inputs.name} of ${inputs.hypervisor} there. Give the folder ` +
        "of its Vagrantfile, and its name there as `name`; or leave `adopt` out to have a machine made",
    );
  const record = await readRecord(folder);
  if (record && record.owner !== inputs.owner)
    throw new Error(
      `\`adopt.folder\` ${folder} holds the machine of ${record.owner}: let that stack forget it (\`pulumi state delete\`), ` +
        `remove ${recordFile(folder)}, and run this again`,
    );
  return { machineId, folder, record, privateKey: await readKey(folder) };
}

/**
 * Finds the machine to adopt.
 *
 * @returns undefined if `adopt` is true and no machine has that name: it must then be made
 * @throws Error if `adopt` names an id or folder and there is no such machine
 */
export async function findMachine(inputs: MachineInputs): Promise<Found | undefined> {
  const { adopt } = inputs;
  if (adopt === false) return undefined;
  if (adopt === true) return await byName(inputs);
  if ("folder" in adopt) return await inFolder(inputs, adopt.folder);
  const machineId = await byId(inputs, adopt.id);
  if (!machineId)
    throw new Error(
      `\`adopt.id\` ${adopt.id}: ${inputs.hypervisor} has no such machine. See its list for the name or id, or leave ` +
        "`adopt` out to have a machine made",
    );
  return { machineId };
}

/** Copies Vagrant's files of a machine from its old folder, which stays as it is. */
export async function copyVagrantsFiles(inputs: MachineInputs, folder: string): Promise<void> {
  const [from, to] = [dataFolder(folder, inputs), dataFolder(inputs.directory, inputs)];
  await mkdir(to, { recursive: true });
  for (const name of dataFiles)
    await copyFile(join(from, name), join(to, name)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error;
    });
}
