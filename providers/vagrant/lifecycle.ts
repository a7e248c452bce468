import type * as pulumi from "@pulumi/pulumi";
import { partialFailure } from "../shim";
import {
  answer,
  endpointOf,
  type Held,
  type Measured,
  makeMachine,
  newId,
  newRecord,
  remindVagrant,
  say,
  takeSteps,
} from "./bring";
import { destroy, status } from "./client";
import { isMissingVagrant } from "./errors";
import {
  hasAllFiles,
  isFree,
  type MachineRecord,
  readKey,
  readMachineId,
  readRecord,
  removeFolder,
  writeFolder,
} from "./folder";
import { checkInputs, inputsOf, type MachineInputs } from "./inputs";
import { newKeyPair } from "./keys";
import { changedInputs, stepsFor, type Verb } from "./verbs";

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
    state: held.record.whole ? failed : incomplete,
    machineId: (await readMachineId(held.inputs)) || olds?.machineId || "",
    ssh: endpointOf(held),
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
    inputs,
  };
  return { inputs, record: restored, privateKey: props.ssh.privateKey };
}

/** Makes a folder complete again, and Vagrant's memory of the machine. */
async function repair(held: Held, machineId: string): Promise<void> {
  if (!hasAllFiles(held.inputs.directory)) await writeFolder(held.inputs, held.record, held.privateKey);
  await remindVagrant(held, machineId);
}

/**
 * Takes a folder for a new resource.
 *
 * A machine of the same resource may be in it: Pulumi was killed before it could note it. Then that one is gone
 * on with, under a new id, so that nobody who has the old id ends it.
 */
async function claim(inputs: MachineInputs): Promise<{ held: Held; found: MachineRecord | undefined }> {
  const found = await readRecord(inputs.directory);
  if (!found && !(await isFree(inputs.directory)))
    throw occupied(inputs, "is not empty, and what is in it is not ours");
  if (found && found.owner !== inputs.owner)
    throw occupied(inputs, `holds the machine ${found.id} of ${found.owner || "another program"}`);
  const key = found && (await readKey(inputs.directory));
  // Without its key a machine cannot be gone on with: it is made anew.
  const record = found
    ? { ...found, id: newId(inputs.name), whole: found.whole && key !== undefined }
    : newRecord(inputs);
  const privateKey = key ?? newKeyPair(inputs.name).privateKey;
  return { held: { inputs, record, privateKey }, found };
}

/** Brings a machine that exists, or did, to its inputs. */
async function bring(
  held: Held,
  knownState: string,
  machineId: string,
  wanted: ReadonlySet<Verb>,
): Promise<Measured> {
  const { inputs, record } = held;
  if (!record.whole || wanted.has("replace")) return await makeMachine(held, true, machineId);
  await repair(held, machineId);
  const acts = wanted.has("reload") || wanted.has("provision");
  const state = knownState === "running" && !acts ? "running" : await status(inputs);
  if (state === "not_created") return await makeMachine(held, true, machineId);
  const steps = stepsFor(state, true, wanted);
  if (steps.length === 0) return await answer(held, knownState !== "running");
  return await takeSteps(held, steps, wanted.has("provision"), machineId || (await readMachineId(inputs)));
}

/**
 * What Pulumi calls for a `vagrant.Machine`. Nothing here runs Vagrant in a preview: `check` and `diff` compare
 * values only.
 */
export const machine = {
  async check(_olds: unknown, news: Record<string, unknown>): Promise<pulumi.dynamic.CheckResult> {
    return checkInputs(news);
  },

  async diff(_id: string, olds: Properties, news: MachineInputs): Promise<pulumi.dynamic.DiffResult> {
    const changed = changedInputs(olds, news);
    return {
      changes: changed.size > 0 || olds.state !== "running",
      replaces: [...changed].flatMap(([key, verb]) => (verb === "replace" ? [key] : [])),
      // Folder, name and address are taken until the old machine is gone.
      deleteBeforeReplace: true,
    };
  },

  async create(news: MachineInputs): Promise<pulumi.dynamic.CreateResult> {
    const inputs = inputsOf(news);
    const { held, found } = await claim(inputs);
    const { id } = held.record;
    try {
      if (!found) return { id, outs: { ...news, ...(await makeMachine(held, false)) } };
      say(inputs, `going on with what is in ${inputs.directory}`);
      const wanted = new Set(changedInputs({ ...found.inputs, ...providerOf(news) }, news).values());
      return { id, outs: { ...news, ...(await bring(held, "", "", wanted)) } };
    } catch (error) {
      if (!found && isMissingVagrant(error)) {
        await removeFolder(inputs.directory);
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
    const state = await status(inputs);
    if (state === "not_created") {
      // Also what whoever undefined it may have left: its disk.
      await destroy(inputs);
      await removeFolder(inputs.directory);
      return { id: "" };
    }
    // Vagrant sees whether it runs, not whether it was finished.
    const unfit = !held.record.whole ? incomplete : props.state === failed ? failed : undefined;
    const seen = state === "running" && unfit ? unfit : state;
    const machineId = (await readMachineId(inputs)) || props.machineId;
    return { id, props: { ...props, state: seen, machineId }, inputs };
  },

  async update(id: string, olds: Properties, news: MachineInputs): Promise<pulumi.dynamic.UpdateResult> {
    const inputs = inputsOf(news);
    const before = await hold(id, olds);
    if (!before) throw occupied(inputs, "was taken over by another resource (`pulumi refresh` notes that)");
    const held: Held = { ...before, inputs, record: { ...before.record, owner: inputs.owner } };
    const wanted = new Set(changedInputs(olds, news).values());
    try {
      if (olds.state === "running" && [...wanted].every((verb) => verb === "record")) {
        held.record = { ...held.record, inputs };
        await writeFolder(inputs, held.record, held.privateKey);
        const { state, machineId, interface: name } = olds;
        return { outs: { ...news, state, machineId, ssh: endpointOf(held), interface: name } };
      }
      return { outs: { ...news, ...(await bring(held, olds.state, olds.machineId, wanted)) } };
    } catch (error) {
      // The old inputs: they are what the machine has, so the next update sees the same changes again.
      throw partialFailure(error, id, { ...olds, ...(await unfinished(held, olds)) });
    }
  },

  async delete(id: string, props: Properties): Promise<void> {
    const held = await hold(id, props);
    // Another resource's by now: nothing of ours is left.
    if (!held) return;
    const { inputs } = held;
    await repair(held, props.machineId);
    await destroy(inputs);
    const state = await status(inputs);
    if (state !== "not_created")
      throw new Error(
        `${inputs.name} is still there after \`vagrant destroy\` (${state}): see what holds it, then run this again`,
      );
    await removeFolder(inputs.directory);
  },
} satisfies pulumi.dynamic.ResourceProvider;

const providerOf = (props: object): { __provider?: string } =>
  "__provider" in props ? { __provider: String(props.__provider) } : {};
