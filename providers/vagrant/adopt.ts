import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { textOf } from "../../local/text";
import { type MachineRecord, readKey, readRecord, recordFile } from "./folder";
import type { MachineInputs } from "./inputs";
import { dataFolder } from "./vagrantfile";
import { vmNames, vmUuid } from "./vboxmanage";
import { domainNames, domainUuid } from "./virsh";

/** A machine that exists and that no resource has. */
export interface Found {
  /** The hypervisor's id of it. */
  machineId: string;
  /** The folder in which Vagrant knew of it, if that is how it was found. */
  folder?: string;
  /** What was noted of it, if a resource of ours made it. */
  record?: MachineRecord;
  privateKey?: string;
}

/** What Vagrant keeps of a machine that must come along; not its entry in Vagrant's index of all machines. */
const dataFiles = ["private_key", "creator_uid", "box_meta", "action_provision", "action_set_name"];

/**
 * Whether a machine's name at its hypervisor is one that Vagrant gives a machine of that name. Not the names that this
 * provider gives: such a machine may be another stack's, and is taken over only if it is named more closely.
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
 * The machine that is to be taken over.
 *
 * @returns undefined if `adopt` is true and there is none of that name: then it is to be made
 * @throws Error if it is named more closely and is not there
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

/** Brings along what Vagrant knew of a machine in its old folder, which stays as it is. */
export async function copyVagrantsFiles(inputs: MachineInputs, folder: string): Promise<void> {
  const [from, to] = [dataFolder(folder, inputs), dataFolder(inputs.directory, inputs)];
  await mkdir(to, { recursive: true });
  for (const name of dataFiles)
    await copyFile(join(from, name), join(to, name)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error;
    });
}
