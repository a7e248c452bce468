import { randomBytes, randomUUID } from "node:crypto";
import type { SshEndpoint } from "../remote/endpoint";
import { destroy, provision, reload, runThroughVagrant, say, sshConfig, up } from "./client";
import { type Contact, type Expected, hostKeysIn, makeContact, missingNetwork } from "./contact";
import { isVagrantError } from "./errors";
import {
  forgetPreviousKey,
  keyFile,
  knownHostsFile,
  type MachineRecord,
  prefixOf,
  readMachineId,
  restoreMachineId,
  writeFolder,
} from "./folder";
import { type MachineInputs, staticAddress, withoutPrefix } from "./inputs";
import { isTransient, patiently } from "./retry";
import type { ForwardedPort } from "./vagrantfile-network";
import type { Step } from "./verbs";
import { deleteVolumes, powerOff } from "./virsh";

/** A machine with everything that is needed to work on it. */
export interface MachineHandle {
  inputs: MachineInputs;
  record: MachineRecord;
  privateKey: string;
}

/** The outputs of the resource, beyond its inputs. */
export interface Measured {
  state: string;
  machineId: string;
  ssh: SshEndpoint;
  address: string;
  interface: string;
  forwardedPorts: ForwardedPort[];
}

/** Milliseconds in which a machine must answer at its own address after Vagrant has reported it as up. */
const patience = { usual: 60_000, short: 8_000 };

export const newId = (name: string): string => `${name}-${randomBytes(4).toString("hex")}`;

const nowhere = { host: "", port: 0 };

/** The machine's static address, at which it certainly answers. */
function knownPlace(inputs: MachineInputs): { host: string; port: number } | undefined {
  const address = staticAddress(inputs);
  return address === undefined ? undefined : { host: withoutPrefix(address), port: inputs.sshPort };
}

export const newRecord = (inputs: MachineInputs): MachineRecord => ({
  id: newId(inputs.name),
  owner: inputs.owner,
  uuid: randomUUID(),
  whole: false,
  hostKey: "",
  reached: knownPlace(inputs) ?? nowhere,
  ports: [],
  adopted: false,
  inputs,
});

function endpointOf({ inputs, record, privateKey }: MachineHandle): SshEndpoint {
  return {
    ...(knownPlace(inputs) ?? record.reached),
    user: inputs.sshUser,
    privateKey,
    keyFile: keyFile(inputs.directory),
    hostKey: record.hostKey,
    knownHostsFile: knownHostsFile(inputs.directory),
  };
}

/** The outputs that follow from the machine's record. */
export function outputsOf(handle: MachineHandle): Pick<Measured, "ssh" | "address" | "forwardedPorts"> {
  const ssh = endpointOf(handle);
  return { ssh, address: ssh.host, forwardedPorts: handle.record.ports };
}

/** The hypervisor's id of the machine; libvirt's is known before the machine exists. */
export const machineIdOf = ({ inputs, record }: MachineHandle, machineId: string): string =>
  machineId || (inputs.hypervisor === "libvirt" ? record.uuid : "");

/** Restores Vagrant's knowledge of the machine if Vagrant has lost it. */
export const remindVagrant = async (handle: MachineHandle, machineId: string): Promise<void> =>
  await restoreMachineId(handle.inputs, machineIdOf(handle, machineId));

const expectedOf = ({ networks }: MachineInputs): Expected => ({
  addresses: networks.flatMap(({ address }) => address ?? []),
  interfaces: networks.length,
});

/**
 * The host keys of a machine whose key is not pinned yet, read through Vagrant's own connection; undefined where it is
 * contacted by a network of this machine alone. On a bridged one anybody may answer.
 */
async function ownHostKeys({ inputs, record }: MachineHandle): Promise<string[] | undefined> {
  const contacted = knownPlace(inputs) && inputs.networks.find(({ address }) => address);
  if (record.hostKey || contacted?.type !== "public") return undefined;
  const said = await runThroughVagrant(inputs, "cat /etc/ssh/ssh_host_*_key.pub");
  const keys = hostKeysIn(said ?? "");
  if (keys.length === 0)
    throw new Error(
      "its host key cannot be read through Vagrant's own connection (`vagrant ssh`), and whoever answers on its bridged network is not believed",
    );
  return keys;
}

async function contact(handle: MachineHandle, time = patience.usual): Promise<Contact> {
  try {
    if (!knownPlace(handle.inputs))
      handle.record = { ...handle.record, reached: await sshConfig(handle.inputs) };
    const hostKeys = await ownHostKeys(handle);
    return await makeContact(endpointOf(handle), { ...expectedOf(handle.inputs), hostKeys }, time);
  } catch (error) {
    if (isVagrantError(error)) throw error;
    throw new Error(`${handle.inputs.name} is up, but ${(error as Error).message}`);
  }
}

/** Records that the machine is complete, and returns its outputs. */
async function recordComplete(handle: MachineHandle, found: Contact): Promise<Measured> {
  const reached = knownPlace(handle.inputs) ?? handle.record.reached;
  handle.record = { ...handle.record, whole: true, hostKey: found.hostKey, reached, inputs: handle.inputs };
  await writeFolder(handle.inputs, handle.record, handle.privateKey);
  await forgetPreviousKey(handle.inputs.directory);
  return {
    ...outputsOf(handle),
    state: "running",
    machineId: await readMachineId(handle.inputs),
    interface: found.interface,
  };
}

/**
 * Whether the machine has its network, asked through Vagrant's own connection. If it has, the fault is not inside the
 * machine.
 */
async function hasNetwork({ inputs }: MachineHandle): Promise<boolean> {
  const output = await runThroughVagrant(inputs, "ip -4 -o addr show");
  return output !== undefined && missingNetwork(output, expectedOf(inputs)) === undefined;
}

/** Destroys what exists of the machine, and what the hypervisor may have left of an earlier destruction. */
export async function destroyRemains(handle: MachineHandle, machineId: string): Promise<void> {
  await remindVagrant(handle, machineId);
  await destroy(handle.inputs);
  const prefix = prefixOf(handle.record);
  if (handle.inputs.hypervisor === "libvirt")
    await deleteVolumes(handle.inputs, (volume) => volume.startsWith(prefix));
}

/**
 * Makes the machine from scratch. If Vagrant continues an interrupted `up`, it may succeed with a half-configured
 * network. This is noticed here, and repaired by making the machine again, once.
 *
 * @param remains true if something of it may exist
 */
export async function makeMachine(
  handle: MachineHandle,
  remains: boolean,
  machineId = "",
): Promise<Measured> {
  const { inputs } = handle;
  handle.record = { ...handle.record, whole: false, hostKey: "", adopted: false };
  await writeFolder(inputs, handle.record, handle.privateKey);
  if (remains) await destroyRemains(handle, machineId);
  const { ensureBox } = await import("./fetch-box.js");
  await ensureBox(inputs, (text) => say(inputs, text));
  const make = async (): Promise<void> =>
    await patiently(
      () => up(inputs, "all", true),
      async (error) => {
        say(inputs, `${error.message}\nmaking it again`);
        await destroyRemains(handle, "");
      },
    );
  await make();
  try {
    return await recordComplete(handle, await contact(handle, patience.short));
  } catch (error) {
    if (await hasNetwork(handle)) return await recordComplete(handle, await contactFromOutside(handle));
    say(inputs, `its network was not set up (${(error as Error).message}); making it again`);
    await destroyRemains(handle, "");
    await make();
    return await recordComplete(handle, await contact(handle));
  }
}

/** Contacts a machine that certainly has its address: if that fails, the fault is not inside the machine. */
async function contactFromOutside(handle: MachineHandle): Promise<Contact> {
  try {
    return await contact(handle);
  } catch (error) {
    throw new Error(
      `${(error as Error).message}\nThe machine itself has its network as it should be: see why this host ` +
        "cannot reach it (its route to that network, the network's name, a firewall, `sshPort`).",
    );
  }
}

/**
 * Runs the steps that change a complete machine to match its inputs, and contacts it.
 *
 * @param provisioners the ones that must run, together with the last step
 */
export async function runSteps(
  handle: MachineHandle,
  steps: readonly Step[],
  provisioners: readonly string[],
  machineId: string,
): Promise<Measured> {
  const { inputs } = handle;
  await writeFolder(inputs, handle.record, handle.privateKey);
  for (const [i, step] of steps.entries()) {
    const provisioning = i === steps.length - 1 ? provisioners : [];
    if (step === "up") await up(inputs, provisioning);
    else if (step === "reload") await reload(inputs, provisioning);
    else if (step === "provision") await provision(inputs, provisioners);
    else if (step === "powerOff") await powerOff(inputs, machineId);
    else await destroy(inputs);
  }
  return await recordComplete(handle, await contact(handle));
}

/**
 * Contacts a machine that runs already.
 *
 * @param restart whether it may be restarted once if it does not answer
 */
export async function contactRunning(handle: MachineHandle, restart: boolean): Promise<Measured> {
  await writeFolder(handle.inputs, handle.record, handle.privateKey);
  try {
    return await recordComplete(handle, await contact(handle, patience.short));
  } catch (error) {
    if (!restart || (isVagrantError(error) && !isTransient(error))) throw error;
    say(handle.inputs, `${(error as Error).message}; restarting it`);
    await reload(handle.inputs, []);
    return await recordComplete(handle, await contact(handle));
  }
}
