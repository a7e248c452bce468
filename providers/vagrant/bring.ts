import { randomBytes, randomUUID } from "node:crypto";
import type { SshEndpoint } from "../remote/endpoint";
import { destroy, provision, reload, runThroughVagrant, say, sshConfig, up } from "./client";
import { type Contact, type Expected, makeContact, missingNetwork } from "./contact";
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

/** A machine and all that is needed to work on it. */
export interface Held {
  inputs: MachineInputs;
  record: MachineRecord;
  privateKey: string;
}

/** What a machine has beyond its inputs; the outputs of the resource. */
export interface Measured {
  state: string;
  machineId: string;
  ssh: SshEndpoint;
  address: string;
  interface: string;
  forwardedPorts: ForwardedPort[];
}

/** Milliseconds that a machine which Vagrant calls up gets to answer at its own address. */
const patience = { usual: 60_000, short: 8_000 };

export const newId = (name: string): string => `${name}-${randomBytes(4).toString("hex")}`;

const nowhere = { host: "", port: 0 };

/** Where a machine answers for sure: at its static address. */
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

function endpointOf({ inputs, record, privateKey }: Held): SshEndpoint {
  return {
    ...(knownPlace(inputs) ?? record.reached),
    user: inputs.sshUser,
    privateKey,
    keyFile: keyFile(inputs.directory),
    hostKey: record.hostKey,
    knownHostsFile: knownHostsFile(inputs.directory),
  };
}

/** The outputs that follow from what is noted. */
export function outputsOf(held: Held): Pick<Measured, "ssh" | "address" | "forwardedPorts"> {
  const ssh = endpointOf(held);
  return { ssh, address: ssh.host, forwardedPorts: held.record.ports };
}

/** The hypervisor's id of the machine: libvirt's is known before the machine is. */
export const machineIdOf = ({ inputs, record }: Held, machineId: string): string =>
  machineId || (inputs.hypervisor === "libvirt" ? record.uuid : "");

/** Tells Vagrant of the machine again if it forgot it. */
export const remindVagrant = async (held: Held, machineId: string): Promise<void> =>
  await restoreMachineId(held.inputs, machineIdOf(held, machineId));

const expectedOf = ({ networks }: MachineInputs): Expected => ({
  addresses: networks.flatMap(({ address }) => address ?? []),
  interfaces: networks.length,
});

async function contact(held: Held, time = patience.usual): Promise<Contact> {
  try {
    if (!knownPlace(held.inputs)) held.record = { ...held.record, reached: await sshConfig(held.inputs) };
    return await makeContact(endpointOf(held), expectedOf(held.inputs), time);
  } catch (error) {
    if (isVagrantError(error)) throw error;
    throw new Error(`${held.inputs.name} is up, but ${(error as Error).message}`);
  }
}

/** Notes that the machine is whole, and gives its outputs. */
async function finished(held: Held, found: Contact): Promise<Measured> {
  const reached = knownPlace(held.inputs) ?? held.record.reached;
  held.record = { ...held.record, whole: true, hostKey: found.hostKey, reached, inputs: held.inputs };
  await writeFolder(held.inputs, held.record, held.privateKey);
  await forgetPreviousKey(held.inputs.directory);
  return {
    ...outputsOf(held),
    state: "running",
    machineId: await readMachineId(held.inputs),
    interface: found.interface,
  };
}

/** True if the machine has its network, asked the way that Vagrant reaches it: then the fault is not inside it. */
async function hasNetwork({ inputs }: Held): Promise<boolean> {
  const output = await runThroughVagrant(inputs, "ip -4 -o addr show");
  return output !== undefined && missingNetwork(output, expectedOf(inputs)) === undefined;
}

/** Destroys what there is of the machine, with what its hypervisor may have left of an earlier end. */
export async function clear(held: Held, machineId: string): Promise<void> {
  await remindVagrant(held, machineId);
  await destroy(held.inputs);
  const prefix = prefixOf(held.record);
  if (held.inputs.hypervisor === "libvirt")
    await deleteVolumes(held.inputs, (volume) => volume.startsWith(prefix));
}

/**
 * Makes the machine from nothing. An `up` that goes on from an interrupted one can end well and leave the
 * network half-configured; that is seen here, and mended once by making the machine again.
 *
 * @param remains true if something of it may exist
 */
export async function makeMachine(held: Held, remains: boolean, machineId = ""): Promise<Measured> {
  const { inputs } = held;
  held.record = { ...held.record, whole: false, hostKey: "", adopted: false };
  await writeFolder(inputs, held.record, held.privateKey);
  if (remains) await clear(held, machineId);
  const { ensureBox } = await import("./fetch-box.js");
  await ensureBox(inputs, (text) => say(inputs, text));
  const make = async (): Promise<void> =>
    await patiently(
      () => up(inputs, "all", true),
      async (error) => {
        say(inputs, `${error.message}\nmaking it again`);
        await clear(held, "");
      },
    );
  await make();
  try {
    return await finished(held, await contact(held, patience.short));
  } catch (error) {
    if (await hasNetwork(held)) return await finished(held, await contactFromOutside(held));
    say(inputs, `its network was not set up (${(error as Error).message}); making it again`);
    await clear(held, "");
    await make();
    return await finished(held, await contact(held));
  }
}

/** Contacts a machine that has its address for sure: if that fails, the fault is not inside it. */
async function contactFromOutside(held: Held): Promise<Contact> {
  try {
    return await contact(held);
  } catch (error) {
    throw new Error(
      `${(error as Error).message}\nThe machine itself has its network as it should be: see why this host ` +
        "cannot reach it (its route to that network, the network's name, a firewall, `sshPort`).",
    );
  }
}

/**
 * Runs the steps that bring a whole machine to its inputs, and contacts it.
 *
 * @param provisioners those that must run, with the last step
 */
export async function takeSteps(
  held: Held,
  steps: readonly Step[],
  provisioners: readonly string[],
  machineId: string,
): Promise<Measured> {
  const { inputs } = held;
  await writeFolder(inputs, held.record, held.privateKey);
  for (const [i, step] of steps.entries()) {
    const provisioning = i === steps.length - 1 ? provisioners : [];
    if (step === "up") await up(inputs, provisioning);
    else if (step === "reload") await reload(inputs, provisioning);
    else if (step === "provision") await provision(inputs, provisioners);
    else if (step === "powerOff") await powerOff(inputs, machineId);
    else await destroy(inputs);
  }
  return await finished(held, await contact(held));
}

/**
 * Contacts a machine that runs already.
 *
 * @param restart true if it may be restarted once in case that it does not answer
 */
export async function answer(held: Held, restart: boolean): Promise<Measured> {
  await writeFolder(held.inputs, held.record, held.privateKey);
  try {
    return await finished(held, await contact(held, patience.short));
  } catch (error) {
    if (!restart || (isVagrantError(error) && !isTransient(error))) throw error;
    say(held.inputs, `${(error as Error).message}; restarting it`);
    await reload(held.inputs, []);
    return await finished(held, await contact(held));
  }
}
