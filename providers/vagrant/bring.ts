import { randomBytes, randomUUID } from "node:crypto";
import type { SshEndpoint } from "../remote/endpoint";
import { destroy, type Provisioning, powerOff, provision, reload, runThroughVagrant, up } from "./client";
import { type Contact, interfaceOf, makeContact } from "./contact";
import {
  keyFile,
  knownHostsFile,
  type MachineRecord,
  readMachineId,
  restoreMachineId,
  writeFolder,
} from "./folder";
import type { MachineInputs } from "./inputs";
import { sshUser } from "./vagrantfile";
import type { Step } from "./verbs";

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
  interface: string;
}

/** Milliseconds that a machine which Vagrant calls up gets to answer at its own address. */
const patience = { usual: 60_000, short: 8_000 };

/** A line of progress: Pulumi shows it without the resource's name, so it begins with the machine's. */
export const say = (inputs: MachineInputs, text: string): void => console.log(`${inputs.name}: ${text}`);

export const newId = (name: string): string => `${name}-${randomBytes(4).toString("hex")}`;

export const newRecord = (inputs: MachineInputs): MachineRecord => ({
  id: newId(inputs.name),
  owner: inputs.owner,
  uuid: randomUUID(),
  whole: false,
  hostKey: "",
  inputs,
});

export function endpointOf({ inputs, record, privateKey }: Held): SshEndpoint {
  const [host = ""] = inputs.address.split("/");
  return {
    host,
    port: inputs.sshPort,
    user: sshUser,
    privateKey,
    keyFile: keyFile(inputs.directory),
    hostKey: record.hostKey,
    knownHostsFile: knownHostsFile(inputs.directory),
  };
}

/** Tells Vagrant of the machine again if it forgot it. The id is known before the machine is, on libvirt. */
export async function remindVagrant({ inputs, record }: Held, machineId: string): Promise<void> {
  await restoreMachineId(inputs, machineId || (inputs.hypervisor === "libvirt" ? record.uuid : ""));
}

async function contact(held: Held, time = patience.usual): Promise<Contact> {
  try {
    return await makeContact(endpointOf(held), held.inputs.address, time);
  } catch (error) {
    throw new Error(`${held.inputs.name} is up, but ${(error as Error).message}`);
  }
}

/** Notes that the machine is whole, and gives its outputs. */
async function finished(held: Held, found: Contact): Promise<Measured> {
  held.record = { ...held.record, whole: true, hostKey: found.hostKey, inputs: held.inputs };
  await writeFolder(held.inputs, held.record, held.privateKey);
  return {
    state: "running",
    machineId: await readMachineId(held.inputs),
    ssh: endpointOf(held),
    interface: found.interface,
  };
}

/** True if the machine has its address, asked the way that Vagrant reaches it: then the fault is not inside it. */
async function hasAddress({ inputs }: Held): Promise<boolean> {
  const output = await runThroughVagrant(inputs, "ip -4 -o addr show");
  return output !== undefined && interfaceOf(output, inputs.address) !== undefined;
}

/**
 * Makes the machine from nothing. An `up` that goes on from an interrupted one can end well and leave the
 * network half-configured; that is seen here, and mended once by making the machine again.
 *
 * @param remains true if something of it may exist
 */
export async function makeMachine(held: Held, remains: boolean, machineId = ""): Promise<Measured> {
  const { inputs } = held;
  held.record = { ...held.record, whole: false, hostKey: "" };
  await writeFolder(inputs, held.record, held.privateKey);
  const clear = async (): Promise<void> => {
    await remindVagrant(held, machineId);
    await destroy(inputs);
  };
  if (remains) await clear();
  await up(inputs, "all");
  try {
    return await finished(held, await contact(held, patience.short));
  } catch (error) {
    if (await hasAddress(held)) return await finished(held, await contactFromOutside(held));
    say(inputs, `its network was not set up (${(error as Error).message}); making it again`);
    await clear();
    await up(inputs, "all");
    return await finished(held, await contact(held));
  }
}

/** Contacts a machine that has its address for sure: if that fails, the fault is not inside it. */
async function contactFromOutside(held: Held): Promise<Contact> {
  try {
    return await contact(held);
  } catch (error) {
    throw new Error(
      `${(error as Error).message}\nThe machine itself has the address ${held.inputs.address}: see why this host ` +
        "cannot reach it (its route to that network, `privateNetwork`, a firewall, `sshPort`).",
    );
  }
}

/** Runs the steps that bring a whole machine to its inputs, and contacts it. */
export async function takeSteps(
  held: Held,
  steps: readonly Step[],
  runScript: boolean,
  machineId: string,
): Promise<Measured> {
  const { inputs } = held;
  await writeFolder(inputs, held.record, held.privateKey);
  for (const [i, step] of steps.entries()) {
    const provisioning: Provisioning = runScript && i === steps.length - 1 ? "script" : "none";
    if (step === "up") await up(inputs, provisioning);
    else if (step === "reload") await reload(inputs, provisioning);
    else if (step === "provision") await provision(inputs);
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
    if (!restart) throw error;
    say(held.inputs, `${(error as Error).message}; restarting it`);
    await reload(held.inputs, "none");
    return await finished(held, await contact(held));
  }
}
