import type * as pulumi from "@pulumi/pulumi";
import { removeFolder } from "../../local/files";
import { greets } from "../remote/greeting";
import { partialFailure } from "../shim";
import { findMachine } from "./adopt";
import { takeOver } from "./adoption";
import {
  answer,
  clear,
  type Held,
  type Measured,
  machineIdOf,
  makeMachine,
  newId,
  newRecord,
  outputsOf,
  remindVagrant,
  takeSteps,
} from "./bring";
import { checkInputs } from "./check-inputs";
import { say } from "./client";
import { isMissingProvider, isMissingVagrant } from "./errors";
import {
  hasAllFiles,
  isFree,
  type MachineRecord,
  readBox,
  readKey,
  readMachineId,
  readRecord,
  writeFolder,
} from "./folder";
import { inputsOf, type MachineInputs } from "./inputs";
import { keyFor } from "./own-key";
import { claimPorts, releasePorts } from "./ports";
import { currentState, nativeState } from "./states";
import { changedInputs, provisionersToRun, stepsFor, type Verb } from "./verbs";

/** What Pulumi's state holds of a machine. */
type Properties = MachineInputs & Measured & { __provider?: string };

/** Never finished: it is made again at the next update. */
const incomplete = "incomplete";
/** It is there, but its last change did not end well: that change is tried again at the next update. */
const failed = "failed";

const occupied = (inputs: MachineInputs, what: string): Error =>
  new Error(
    `\`directory\` ${inputs.directory} ${what}. Give this machine a folder of its own, or empty that one ` +
      "(`vagrant destroy --force` there first, if a machine is in it).",
  );

/** The state of a machine that is there in part. */
async function unfinished(held: Held, olds: Properties | undefined): Promise<Measured> {
  return {
    ...outputsOf(held),
    state: held.record.whole ? failed : incomplete,
    machineId: (await readMachineId(held.inputs)) || olds?.machineId || "",
    interface: olds?.interface ?? "",
  };
}

/**
 * The machine that the state tells of, with its folder: what is lost of that is taken from the state.
 *
 * @returns undefined if the folder belongs to another resource by now
 */
async function hold(id: string, props: Properties): Promise<Held | undefined> {
  const inputs = inputsOf(props);
  const record = await readRecord(inputs.directory);
  if (record && record.id !== id) return undefined;
  const key = await readKey(inputs.directory);
  if (!record && key !== props.ssh.privateKey && !(await isFree(inputs.directory)))
    throw occupied(inputs, "has files in it that are not this machine's");
  const restored: MachineRecord = record ?? {
    id,
    owner: inputs.owner,
    uuid: inputs.hypervisor === "libvirt" && props.machineId ? props.machineId : newRecord(inputs).uuid,
    whole: props.state !== incomplete,
    hostKey: props.ssh.hostKey,
    reached: { host: props.ssh.host, port: props.ssh.port },
    ports: props.forwardedPorts,
    // What is not known must not be thrown away.
    adopted: inputs.adopt !== false,
    inputs,
  };
  return { inputs, record: restored, privateKey: props.ssh.privateKey };
}

/** Makes a folder complete again, and Vagrant's memory of the machine. */
async function repair(held: Held, machineId: string): Promise<void> {
  if (!hasAllFiles(held.inputs.directory)) await writeFolder(held.inputs, held.record, held.privateKey);
  await remindVagrant(held, machineId);
}

/** Gives back what a machine that is gone had on this host. */
async function forget({ directory }: MachineInputs): Promise<void> {
  await releasePorts(directory);
  await removeFolder(directory);
}

/** The box that the machine has, where it is not the one of its inputs: somebody made it anew by hand. */
async function changedBox({ box, boxVersion, ...rest }: MachineInputs): Promise<Partial<MachineInputs>> {
  const actual = await readBox(rest as MachineInputs);
  if (!actual || box === undefined) return {};
  if (actual.name === box && (boxVersion === undefined || actual.version === boxVersion)) return {};
  return { box: actual.name, boxVersion: actual.version };
}

interface Claim {
  held: Held;
  /** What was noted of the machine that is in the folder already. */
  found: MachineRecord | undefined;
  /** A machine that was taken over is done with. */
  adopted?: { held: Held; measured: Measured };
}

/**
 * Takes a folder for a new resource.
 *
 * A machine of the same resource may be in it: Pulumi was killed before it could note it. Then that one is gone
 * on with, under a new id, so that nobody who has the old id ends it.
 */
async function claim(inputs: MachineInputs): Promise<Claim> {
  const noted = await readRecord(inputs.directory);
  const notedKey = noted && (await readKey(inputs.directory));
  const cut = noted?.adopted && !noted.whole && noted.owner === inputs.owner;
  // Pulumi was killed while it took a machine over: that one is somebody's, and must not be made anew.
  if (cut) await forget(inputs);
  const found = cut ? undefined : noted;
  if (!found && !(await isFree(inputs.directory)))
    throw occupied(inputs, "is not empty, and what is in it is not ours");
  if (found && found.owner !== inputs.owner)
    throw occupied(inputs, `holds the machine ${found.id} of ${found.owner || "another program"}`);
  const existing = found ? undefined : await findMachine(inputs);
  const key = found ? notedKey : (existing?.privateKey ?? (existing && notedKey));
  const privateKey = await keyFor(inputs, key);
  // Without its key a machine cannot be gone on with: it is made anew.
  const record = found
    ? { ...found, id: newId(inputs.name), whole: found.whole && key !== undefined }
    : newRecord(inputs);
  const held = { inputs, record, privateKey };
  return { held, found, adopted: existing && (await takeOver(inputs, existing, privateKey)) };
}

/**
 * Brings a machine that exists, or did, to its inputs.
 *
 * @param before what it has now, as far as is known
 */
async function bring(
  held: Held,
  known: { state: string; machineId: string },
  before: Partial<MachineInputs>,
): Promise<Measured> {
  const { inputs } = held;
  const wanted: ReadonlySet<Verb> = new Set(changedInputs(before, inputs).values());
  held.record = { ...held.record, ports: await claimPorts(inputs, held.record.ports) };
  if (!held.record.whole || wanted.has("replace")) return await makeMachine(held, true, known.machineId);
  await repair(held, known.machineId);
  const acts = wanted.has("reload") || wanted.has("provision");
  const machineId = machineIdOf(held, known.machineId || (await readMachineId(inputs)));
  const state = known.state === "running" && !acts ? "running" : await currentState(inputs, machineId);
  if (state === "not_created") return await makeMachine(held, true, machineId);
  const steps = stepsFor(state, true, wanted);
  if (steps.length === 0) return await answer(held, known.state !== "running");
  return await takeSteps(held, steps, provisionersToRun(before, inputs), machineId);
}

/** Destroys a machine and sees that it is gone. */
async function erase(held: Held, machineId: string): Promise<void> {
  const { inputs } = held;
  try {
    await clear(held, machineId);
  } catch (error) {
    // Who removed the hypervisor, or Vagrant, may have removed the machine before.
    const gone = isMissingProvider(error) || isMissingVagrant(error);
    if (!gone || (await nativeState(inputs, machineIdOf(held, machineId))) !== "not_created") throw error;
    return;
  }
  const state = await currentState(inputs, machineIdOf(held, machineId));
  if (state !== "not_created")
    throw new Error(
      `${inputs.name} is still there after \`vagrant destroy\` (${state}): see what holds it, then run this again`,
    );
}

/**
 * What has become of a machine that ran: its hypervisor is asked only if its SSH server is silent. One that cannot be
 * looked at counts as running: that its hypervisor does not work is for the steps to say that need it.
 */
async function presentState(olds: Properties): Promise<string> {
  if (olds.state !== "running" || (await greets(olds.ssh.host, olds.ssh.port))) return olds.state;
  try {
    return await currentState(inputsOf(olds), olds.machineId);
  } catch {
    return olds.state;
  }
}

/**
 * What Pulumi calls for a `vagrant.Machine`. A machine that was halted or removed by hand is a change at the next
 * `up`, without a refresh: `diff` looks whether its SSH server greets. But for one that is silent nothing here runs in a preview.
 */
export const machine = {
  async check(_olds: unknown, news: Record<string, unknown>): Promise<pulumi.dynamic.CheckResult> {
    return checkInputs(news);
  },

  async diff(_id: string, olds: Properties, news: MachineInputs): Promise<pulumi.dynamic.DiffResult> {
    const changed = changedInputs({ ...olds, ...inputsOf(olds) }, news);
    return {
      changes: changed.size > 0 || (await presentState(olds)) !== "running",
      replaces: [...changed].flatMap(([key, verb]) => (verb === "replace" ? [key] : [])),
      // Folder, name and address are taken until the old machine is gone.
      deleteBeforeReplace: true,
    };
  },

  async create(news: MachineInputs): Promise<pulumi.dynamic.CreateResult> {
    const inputs = inputsOf(news);
    const { adopted, ...claimed } = await claim(inputs);
    if (adopted) return { id: adopted.held.record.id, outs: { ...news, ...adopted.measured } };
    const { held, found } = claimed;
    const { id } = held.record;
    try {
      if (found) {
        say(inputs, `going on with what is in ${inputs.directory}`);
        return { id, outs: { ...news, ...(await bring(held, { state: "", machineId: "" }, found.inputs)) } };
      }
      held.record.ports = await claimPorts(inputs, []);
      return { id, outs: { ...news, ...(await makeMachine(held, false)) } };
    } catch (error) {
      if (!found && isMissingVagrant(error)) {
        await forget(inputs);
        throw error;
      }
      throw partialFailure(error, id, { ...news, ...(await unfinished(held, undefined)) });
    }
  },

  async read(id: string, props: Properties): Promise<pulumi.dynamic.ReadResult> {
    const held = await hold(id, props);
    if (!held) return { id: "" };
    const { inputs } = held;
    await repair(held, props.machineId);
    const state = await currentState(inputs, machineIdOf(held, props.machineId));
    if (state === "not_created") {
      // Also what whoever undefined it may have left: its disk.
      await clear(held, props.machineId);
      await forget(inputs);
      return { id: "" };
    }
    // Vagrant sees whether it runs, not whether it was finished.
    const unfit = !held.record.whole ? incomplete : props.state === failed ? failed : undefined;
    const seen = state === "running" && unfit ? unfit : state;
    const machineId = (await readMachineId(inputs)) || props.machineId;
    const actual = { ...inputs, ...(await changedBox(inputs)) };
    return { id, props: { ...props, ...actual, state: seen, machineId }, inputs: actual };
  },

  async update(id: string, stored: Properties, news: MachineInputs): Promise<pulumi.dynamic.UpdateResult> {
    const olds = { ...stored, ...inputsOf(stored), state: await presentState(stored) };
    const inputs = inputsOf(news);
    const before = await hold(id, olds);
    if (!before) throw occupied(inputs, "was taken over by another resource (`pulumi refresh` notes that)");
    const privateKey = await keyFor(inputs, before.privateKey);
    const held: Held = { inputs, record: { ...before.record, owner: inputs.owner }, privateKey };
    const wanted = [...changedInputs(olds, news).values()];
    try {
      if (olds.state === "running" && wanted.every((verb) => verb === "record")) {
        held.record = { ...held.record, inputs };
        await writeFolder(inputs, held.record, held.privateKey);
        const { state, machineId, interface: name } = olds;
        return { outs: { ...news, ...outputsOf(held), state, machineId, interface: name } };
      }
      return { outs: { ...news, ...(await bring(held, olds, olds)) } };
    } catch (error) {
      // The old inputs: they are what the machine has, so the next update sees the same changes again.
      throw partialFailure(error, id, { ...olds, ...(await unfinished(held, olds)) });
    }
  },

  async delete(id: string, props: Properties): Promise<void> {
    const held = await hold(id, props);
    // Another resource's by now: nothing of ours is left.
    if (!held) return;
    await repair(held, props.machineId);
    await erase(held, props.machineId);
    await forget(held.inputs);
  },
} satisfies pulumi.dynamic.ResourceProvider;
