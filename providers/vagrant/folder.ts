import { existsSync } from "node:fs";
import { chmod, mkdir, readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isCloudBox } from "../../domain/cloud-image";
import { publicKeyOf } from "../../domain/private-key";
import { isDraftOf, writePrivate } from "../../local/files";
import { textOf } from "../../local/text";
import { knownHostsLine } from "../remote/known-hosts";
import { inputsOf, type MachineInputs } from "./inputs";
import { dataFolder, vagrantfile } from "./vagrantfile";
import type { ForwardedPort } from "./vagrantfile-network";

/** Our record of the machine in a folder, beside Vagrant's own files in `.vagrant`. */
export interface MachineRecord {
  /** Pulumi's id of the resource that the machine belongs to: a resource with another id must not touch it. */
  id: string;
  /** Which resource of which stack made it, for people and for a create that was not recorded. */
  owner: string;
  /** libvirt's UUID of the domain, chosen before it is made. */
  uuid: string;
  /** False until the machine was completed and answered once. */
  whole: boolean;
  /** Pinned at the first contact; empty before. */
  hostKey: string;
  /**
   * Where the machine answers: its first static address, or the address that Vagrant's own SSH uses; the host is empty
   * before that is known.
   */
  reached: { host: string; port: number };
  /** Ports of this host that belong to the machine. */
  ports: ForwardedPort[];
  /** True if somebody else made the machine and a resource adopted it. */
  adopted: boolean;
  inputs: MachineInputs;
}

export const recordFile = (directory: string): string => join(directory, "machine.json");
export const keyFile = (directory: string): string => join(directory, "id_ed25519");
export const knownHostsFile = (directory: string): string => join(directory, "known_hosts");

/** The former key: a machine that does not know the present key yet still accepts it. */
export const previousKeyFile = (directory: string): string => `${keyFile(directory)}.previous`;
/** The key that the machine is to get (key-rotation.ts). */
export const nextKeyFile = (directory: string): string => `${keyFile(directory)}.next`;
/** A former key that the machine is not to accept any more. */
export const retiredKeyFile = (directory: string): string => `${keyFile(directory)}.retired`;

const vagrantfilePath = (directory: string): string => join(directory, "Vagrantfile");

const inDataFolder = (inputs: MachineInputs, name: string): string =>
  join(dataFolder(inputs.directory, inputs), name);

const machineIdFile = (inputs: MachineInputs): string => inDataFolder(inputs, "id");

/** The prefix of the hypervisor's names for the machine and its disks, unique to this machine. */
export const prefixOf = ({ uuid }: MachineRecord): string => `ha-rancher-${uuid.slice(0, 8)}-`;

export async function readRecord(directory: string): Promise<MachineRecord | undefined> {
  const text = await textOf(recordFile(directory));
  if (text === undefined) return undefined;
  const record = JSON.parse(text) as MachineRecord;
  // Fields that are newer than the file.
  const later = { reached: { host: "", port: 0 }, ports: [], adopted: false };
  return { ...later, ...record, inputs: inputsOf(record.inputs) };
}

export const readKey = async (directory: string): Promise<string | undefined> =>
  await textOf(keyFile(directory));

/** True if a folder has all the files that {@link writeFolder} writes before the first contact. */
export const hasAllFiles = (directory: string): boolean =>
  [recordFile(directory), keyFile(directory), vagrantfilePath(directory)].every(existsSync);

/** True for a folder that is missing or empty, or in which not even the record was finished. */
export async function isFree(directory: string): Promise<boolean> {
  try {
    return (await readdir(directory)).every((name) => isDraftOf(recordFile(directory), name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return true;
    throw error;
  }
}

/** Writes all our files to the folder; lost ones come back. */
export async function writeFolder(
  inputs: MachineInputs,
  record: MachineRecord,
  privateKey: string,
): Promise<void> {
  const { directory } = inputs;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await chmod(directory, 0o700);
  // The record comes first: it says that the folder is ours.
  await writePrivate(recordFile(directory), `${JSON.stringify(record, undefined, 2)}\n`);
  const before = await readKey(directory);
  if (before !== undefined && before !== privateKey) await writePrivate(previousKeyFile(directory), before);
  await writePrivate(keyFile(directory), privateKey);
  const identity = {
    prefix: prefixOf(record),
    uuid: record.uuid,
    // The third one is the key that Vagrant itself made for an adopted machine.
    keyFiles: [keyFile(directory), previousKeyFile(directory), inDataFolder(inputs, "private_key")],
    publicKey: inputs.sshInsertKey ? `${publicKeyOf(privateKey)} ${inputs.name}` : undefined,
    keepKeys: record.adopted,
    ports: record.ports,
  };
  await writePrivate(vagrantfilePath(directory), vagrantfile(inputs, identity));
  if (record.hostKey) {
    const { host, port } = record.reached;
    await writePrivate(knownHostsFile(directory), knownHostsLine(host, port, record.hostKey));
  }
}

/** Removes the former key, once the machine accepts the present one. In a rotation it is still to be taken off the machine. */
export async function forgetPreviousKey(directory: string): Promise<void> {
  if (!existsSync(nextKeyFile(directory))) await rm(previousKeyFile(directory), { force: true });
}

/** The box that the machine was made from, by Vagrant's record; undefined if there is none. */
async function readBox(inputs: MachineInputs): Promise<{ name: string; version: string } | undefined> {
  try {
    const { name, version } = JSON.parse((await textOf(inDataFolder(inputs, "box_meta"))) ?? "");
    return name && version ? { name: String(name), version: String(version) } : undefined;
  } catch {
    return undefined;
  }
}

/** The box of the machine if it differs from the inputs: somebody made the machine again by hand. */
export async function changedBox({
  box,
  boxVersion,
  ...rest
}: MachineInputs): Promise<Partial<MachineInputs>> {
  const actual = await readBox(rest as MachineInputs);
  if (!actual || box === undefined) return {};
  // A cloud image is where a machine begins: with another one of these in the program it stays what it is (verbs.ts).
  if (isCloudBox(actual.name) && isCloudBox(box)) return {};
  if (actual.name === box && (boxVersion === undefined || actual.version === boxVersion)) return {};
  return { box: actual.name, boxVersion: actual.version };
}

/** The hypervisor's id of the machine, by Vagrant's record; empty if there is none. */
export const readMachineId = async (inputs: MachineInputs): Promise<string> =>
  (await textOf(machineIdFile(inputs)))?.trim() ?? "";

/** Writes Vagrant's record of the machine again, after `.vagrant` was lost. */
export async function restoreMachineId(inputs: MachineInputs, machineId: string): Promise<void> {
  if (!machineId || (await readMachineId(inputs))) return;
  const file = machineIdFile(inputs);
  await mkdir(dirname(file), { recursive: true });
  await writePrivate(file, machineId);
}
