import { existsSync } from "node:fs";
import { chmod, mkdir, readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { publicKeyOf } from "../../domain/private-key";
import { isDraftOf, writePrivate } from "../../local/files";
import { textOf } from "../../local/text";
import { knownHostsLine } from "../remote/known-hosts";
import { inputsOf, type MachineInputs } from "./inputs";
import { dataFolder, vagrantfile } from "./vagrantfile";
import type { ForwardedPort } from "./vagrantfile-network";

/** What we know of the machine in a folder, beside what Vagrant keeps in `.vagrant`. */
export interface MachineRecord {
  /** Pulumi's id of the resource that the machine belongs to: whoever has another id must leave it alone. */
  id: string;
  /** Which resource of which stack made it, for people and for a create that was not recorded. */
  owner: string;
  /** libvirt's UUID of the domain, chosen before it is made. */
  uuid: string;
  /** False until everything was done and seen working once. */
  whole: boolean;
  /** Pinned at the first contact; empty before. */
  hostKey: string;
  /** Where it answers: its first static address, or where Vagrant's own SSH goes; an empty host before that is known. */
  reached: { host: string; port: number };
  /** Ports of this host that are its own. */
  ports: ForwardedPort[];
  /** True if it was made by somebody else and taken over. */
  adopted: boolean;
  inputs: MachineInputs;
}

export const recordFile = (directory: string): string => join(directory, "machine.json");
export const keyFile = (directory: string): string => join(directory, "id_ed25519");
export const knownHostsFile = (directory: string): string => join(directory, "known_hosts");

/** The key before the present one: it opens a machine that does not know the present one yet. */
const previousKeyFile = (directory: string): string => `${keyFile(directory)}.previous`;

const vagrantfilePath = (directory: string): string => join(directory, "Vagrantfile");

const inDataFolder = (inputs: MachineInputs, name: string): string =>
  join(dataFolder(inputs.directory, inputs), name);

const machineIdFile = (inputs: MachineInputs): string => inDataFolder(inputs, "id");

/** Unique among the hypervisor's names of machines and disks. */
export const prefixOf = ({ uuid }: MachineRecord): string => `ha-rancher-${uuid.slice(0, 8)}-`;

export async function readRecord(directory: string): Promise<MachineRecord | undefined> {
  const text = await textOf(recordFile(directory));
  if (text === undefined) return undefined;
  const record = JSON.parse(text) as MachineRecord;
  // What is newer than the file.
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

/** Puts all our files in place: what is there stays the machine's, what is lost comes back. */
export async function writeFolder(
  inputs: MachineInputs,
  record: MachineRecord,
  privateKey: string,
): Promise<void> {
  const { directory } = inputs;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await chmod(directory, 0o700);
  // First: it says that the folder is ours.
  await writePrivate(recordFile(directory), `${JSON.stringify(record, undefined, 2)}\n`);
  const before = await readKey(directory);
  if (before !== undefined && before !== privateKey) await writePrivate(previousKeyFile(directory), before);
  await writePrivate(keyFile(directory), privateKey);
  const identity = {
    prefix: prefixOf(record),
    uuid: record.uuid,
    // The third is the key that Vagrant itself made for a machine that was taken over.
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

/** Forgets the key before the present one: the machine knows the present one. */
export const forgetPreviousKey = async (directory: string): Promise<void> =>
  await rm(previousKeyFile(directory), { force: true });

/** The box that the machine was made from, as Vagrant noted it; undefined if it did not. */
export async function readBox(inputs: MachineInputs): Promise<{ name: string; version: string } | undefined> {
  try {
    const { name, version } = JSON.parse((await textOf(inDataFolder(inputs, "box_meta"))) ?? "");
    return name && version ? { name: String(name), version: String(version) } : undefined;
  } catch {
    return undefined;
  }
}

/** The hypervisor's id of the machine, as Vagrant keeps it; empty if Vagrant knows of none. */
export const readMachineId = async (inputs: MachineInputs): Promise<string> =>
  (await textOf(machineIdFile(inputs)))?.trim() ?? "";

/** Tells Vagrant again which machine is its own, after `.vagrant` was lost. */
export async function restoreMachineId(inputs: MachineInputs, machineId: string): Promise<void> {
  if (!machineId || (await readMachineId(inputs))) return;
  const file = machineIdFile(inputs);
  await mkdir(dirname(file), { recursive: true });
  await writePrivate(file, machineId);
}
