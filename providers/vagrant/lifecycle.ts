import type * as pulumi from "@pulumi/pulumi";
import { removeFolder } from "../../local/files";
import type { SshEndpoint } from "../remote/endpoint";
import { greets } from "../remote/greeting";
import { partialFailure } from "../shim";
import { findMachine } from "./adopt";
import { takeOver } from "./adoption";
import { checkInputs } from "./check-inputs";
import { say } from "./client";
import { isMissingProvider, isMissingVagrant } from "./errors";
import {
  changedBox,
  hasAllFiles,
  isFree,
  type MachineRecord,
  readKey,
  readMachineId,
  readRecord,
  writeFolder,
} from "./folder";
import { inputsOf, type MachineInputs } from "./inputs";
import {
  contactRunning,
  destroyRemains,
  type MachineHandle,
  type Measured,
  machineIdOf,
  makeMachine,
  newId,
  newRecord,
  outputsOf,
  remindVagrant,
  runSteps,
} from "./machine-handle";
import { keyFor } from "./own-key";
import { claimPorts, releasePorts } from "./ports";
import { isKeyDue, withDueKey } from "./rotate-key";
import { amongOthers } from "./service";
import { stableOutputs } from "./stables";
import { currentState, nativeState } from "./states";
import { changedInputs, provisionersToRun, stepsFor, type Verb } from "./verbs";

/** A machine in Pulumi's state. */
type Properties = MachineInputs & Measured;

/** The state of a machine that was never completed: the next update makes it again. */
const incomplete = "incomplete";
/** The state of a machine whose last change failed: the next update tries that change again. */
const failed = "failed";

const occupied = (inputs: MachineInputs, what: string): Error =>
  new Error(
    `\`directory\` ${inputs.directory} ${what}. Give this machine a folder of its own, or empty that one ` +
      "(`vagrant destroy --force` there first, if a machine is in it).",
  );

/** The outputs of a machine that exists in part. */
async function partialOutputs(handle: MachineHandle, olds: Properties | undefined): Promise<Measured> {
  return {
    ...outputsOf(handle),
    state: handle.record.whole ? failed : incomplete,
    machineId: (await readMachineId(handle.inputs)) || olds?.machineId || "",
    interface: olds?.interface ?? "",
  };
}

/**
 * The machine of a recorded resource, with its folder. What the folder has lost is taken from Pulumi's state.
 *
 * @returns undefined if the folder belongs to another resource by now
 */
async function loadHandle(id: string, props: Properties): Promise<MachineHandle | undefined> {
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
    // Without a record it may be an adopted machine, which must not be lost.
    adopted: inputs.adopt !== false,
    inputs,
  };
  return { inputs, record: restored, privateKey: props.ssh.privateKey };
}

/** Restores missing files of the folder, and Vagrant's knowledge of the machine. */
async function restoreFolder(handle: MachineHandle, machineId: string): Promise<void> {
  if (!hasAllFiles(handle.inputs.directory))
    await writeFolder(handle.inputs, handle.record, handle.privateKey);
  await remindVagrant(handle, machineId);
}

/** Releases the ports of a machine that is gone, and removes its folder. */
async function releaseFolder({ directory }: MachineInputs): Promise<void> {
  await releasePorts(directory);
  await removeFolder(directory);
}

interface ClaimedFolder {
  handle: MachineHandle;
  /** The record of a machine that is in the folder already. */
  found: MachineRecord | undefined;
  /** The result if a machine was adopted; nothing is left to do then. */
  adopted?: { handle: MachineHandle; measured: Measured };
}

/**
 * Claims the folder for a new resource.
 *
 * A machine of the same resource may be in it, if Pulumi was killed before it could record the machine. The work then
 * continues with that machine, under a new id, so that nobody with the old id destroys it.
 */
async function claimFolder(inputs: MachineInputs): Promise<ClaimedFolder> {
  const recorded = await readRecord(inputs.directory);
  const recordedKey = recorded && (await readKey(inputs.directory));
  const interrupted = recorded?.adopted && !recorded.whole && recorded.owner === inputs.owner;
  // Pulumi was killed during an adoption: that machine is somebody else's, and must not be made again.
  if (interrupted) await releaseFolder(inputs);
  const found = interrupted ? undefined : recorded;
  if (!found && !(await isFree(inputs.directory)))
    throw occupied(inputs, "is not empty, and what is in it is not ours");
  if (found && found.owner !== inputs.owner)
    throw occupied(inputs, `holds the machine ${found.id} of ${found.owner || "another program"}`);
  const existing = found ? undefined : await findMachine(inputs);
  const key = found ? recordedKey : (existing?.privateKey ?? (existing && recordedKey));
  const privateKey = await keyFor(inputs, key);
  // Without its key nobody can work on the machine: it is made again.
  const record = found
    ? { ...found, id: newId(inputs.name), whole: found.whole && key !== undefined }
    : newRecord(inputs);
  const handle = { inputs, record, privateKey };
  return { handle, found, adopted: existing && (await takeOver(inputs, existing, privateKey)) };
}

/**
 * Changes a machine that exists, or existed, to match its inputs.
 *
 * @param before its present inputs, as far as they are known
 */
async function converge(
  handle: MachineHandle,
  known: { state: string; machineId: string; ssh?: SshEndpoint },
  before: Partial<MachineInputs>,
): Promise<Measured> {
  const { inputs } = handle;
  const wanted: ReadonlySet<Verb> = new Set(changedInputs(before, inputs).values());
  handle.record = { ...handle.record, ports: await claimPorts(inputs, handle.record.ports) };
  if (!handle.record.whole || wanted.has("replace")) return await makeMachine(handle, true, known.machineId);
  await restoreFolder(handle, known.machineId);
  const acts = wanted.has("reload") || wanted.has("provision");
  const machineId = machineIdOf(handle, known.machineId || (await readMachineId(inputs)));
  const state = known.state === "running" && !acts ? "running" : await currentState(inputs, machineId);
  if (state === "not_created") return await makeMachine(handle, true, machineId);
  const steps = stepsFor(state, true, wanted);
  if (steps.length === 0) return await contactRunning(handle, known.state !== "running");
  const run = () => runSteps(handle, steps, provisionersToRun(before, inputs), machineId);
  if (state !== "running" || known.ssh === undefined || !steps.includes("reload")) return await run();
  return await amongOthers(inputs, known.ssh, run);
}

/** Destroys a machine and checks that it is gone. */
async function destroyForGood(handle: MachineHandle, machineId: string): Promise<void> {
  const { inputs } = handle;
  try {
    await destroyRemains(handle, machineId);
  } catch (error) {
    // The machine may have been removed before the hypervisor or Vagrant was.
    const gone = isMissingProvider(error) || isMissingVagrant(error);
    if (!gone || (await nativeState(inputs, machineIdOf(handle, machineId))) !== "not_created") throw error;
    return;
  }
  const state = await currentState(inputs, machineIdOf(handle, machineId));
  if (state !== "not_created")
    throw new Error(
      `${inputs.name} is still there after \`vagrant destroy\` (${state}): see what holds it, then run this again`,
    );
}

/**
 * The present state of a machine that ran. Its hypervisor is asked only if its SSH server is silent. If that fails, the
 * machine counts as running: later steps report that the hypervisor does not work, if they need it.
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
 * The provider of `vagrant.Machine`. The next `up` notices a machine that was halted or removed by hand, without a
 * refresh: `diff` checks whether its SSH server greets. If it does, a preview runs no program.
 */
export const machine = {
  async check(_olds: unknown, news: Record<string, unknown>): Promise<pulumi.dynamic.CheckResult> {
    return checkInputs(news);
  },

  async diff(_id: string, olds: Properties, news: MachineInputs): Promise<pulumi.dynamic.DiffResult> {
    const known = { ...olds, ...inputsOf(olds) };
    const changed = changedInputs(known, news);
    const hasDueKey = await isKeyDue(news, olds.ssh?.privateKey);
    const state = await presentState(olds);
    return {
      changes: changed.size > 0 || hasDueKey || state !== "running",
      stables: stableOutputs(known, changed, { state, hasDueKey }),
      replaces: [...changed].flatMap(([key, verb]) => (verb === "replace" ? [key] : [])),
      // The old machine has the folder, the name and the address until it is gone.
      deleteBeforeReplace: true,
    };
  },

  async create(news: MachineInputs): Promise<pulumi.dynamic.CreateResult> {
    const inputs = inputsOf(news);
    const { adopted, ...claimed } = await claimFolder(inputs);
    if (adopted) return { id: adopted.handle.record.id, outs: { ...news, ...adopted.measured } };
    const { handle, found } = claimed;
    const { id } = handle.record;
    try {
      if (found) {
        say(inputs, `going on with what is in ${inputs.directory}`);
        return {
          id,
          outs: { ...news, ...(await converge(handle, { state: "", machineId: "" }, found.inputs)) },
        };
      }
      handle.record.ports = await claimPorts(inputs, []);
      return { id, outs: { ...news, ...(await makeMachine(handle, false)) } };
    } catch (error) {
      if (!found && isMissingVagrant(error)) {
        await releaseFolder(inputs);
        throw error;
      }
      throw partialFailure(error, id, { ...news, ...(await partialOutputs(handle, undefined)) });
    }
  },

  async read(id: string, props: Properties): Promise<pulumi.dynamic.ReadResult> {
    const handle = await loadHandle(id, props);
    if (!handle) return { id: "" };
    const { inputs } = handle;
    await restoreFolder(handle, props.machineId);
    const state = await currentState(inputs, machineIdOf(handle, props.machineId));
    if (state === "not_created") {
      // If somebody undefined the machine, its disk may be left.
      await destroyRemains(handle, props.machineId);
      await releaseFolder(inputs);
      return { id: "" };
    }
    // Vagrant knows whether the machine runs, not whether it was completed.
    const unfit = !handle.record.whole ? incomplete : props.state === failed ? failed : undefined;
    const seen = state === "running" && unfit ? unfit : state;
    const machineId = (await readMachineId(inputs)) || props.machineId;
    const actual = { ...inputs, ...(await changedBox(inputs)) };
    return { id, props: { ...props, ...actual, state: seen, machineId }, inputs: actual };
  },

  async update(id: string, stored: Properties, news: MachineInputs): Promise<pulumi.dynamic.UpdateResult> {
    const olds = { ...stored, ...inputsOf(stored), state: await presentState(stored) };
    const inputs = inputsOf(news);
    const before = await loadHandle(id, olds);
    if (!before) throw occupied(inputs, "was taken over by another resource (`pulumi refresh` notes that)");
    const privateKey = await keyFor(inputs, before.privateKey);
    const handle: MachineHandle = { inputs, record: { ...before.record, owner: inputs.owner }, privateKey };
    const wanted = [...changedInputs(olds, news).values()];
    try {
      if (olds.state === "running" && wanted.every((verb) => verb === "record")) {
        handle.record = { ...handle.record, inputs };
        await writeFolder(inputs, handle.record, handle.privateKey);
        const { state, machineId, interface: name } = olds;
        const measured = { ...outputsOf(handle), state, machineId, interface: name };
        return { outs: { ...news, ...(await withDueKey(handle, measured)) } };
      }
      return { outs: { ...news, ...(await withDueKey(handle, await converge(handle, olds, olds))) } };
    } catch (error) {
      // With the old inputs, which the machine still has, the next update sees the same changes again.
      throw partialFailure(error, id, { ...olds, ...(await partialOutputs(handle, olds)) });
    }
  },

  async delete(id: string, props: Properties): Promise<void> {
    const handle = await loadHandle(id, props);
    // The folder belongs to another resource by now: nothing of ours is left.
    if (!handle) return;
    await restoreFolder(handle, props.machineId);
    await destroyForGood(handle, props.machineId);
    await releaseFolder(handle.inputs);
  },
} satisfies pulumi.dynamic.ResourceProvider;
