import { passedOn } from "../../local/child-environment";
import { tryRun } from "../../local/run";
import type { MachineInputs } from "./inputs";

const notFound = /VBOX_E_OBJECT_NOT_FOUND|Could not find a registered machine/;

const ask = async (inputs: MachineInputs, ...args: string[]) =>
  await tryRun("VBoxManage", args, {
    env: { ...passedOn(process.env), ...inputs.environment, LC_ALL: "C" },
    timeout: 60_000,
  }).catch(() => undefined);

const quotedValue = (text: string, key: string): string | undefined =>
  new RegExp(`^${key}="(.*)"\\r?$`, "m").exec(text)?.[1];

/** The state of a machine as VirtualBox reports it, in the same words as Vagrant; undefined: ask Vagrant. */
export async function vmState(inputs: MachineInputs, id: string): Promise<string | undefined> {
  if (!id) return undefined;
  const asked = await ask(inputs, "showvminfo", id, "--machinereadable");
  if (!asked) return undefined;
  if (asked.code !== 0) return notFound.test(asked.stderr) ? "not_created" : undefined;
  return quotedValue(asked.stdout, "VMState");
}

/** The UUID of a machine, by its name or UUID; undefined if there is none. */
export async function vmUuid(inputs: MachineInputs, nameOrUuid: string): Promise<string | undefined> {
  const asked = await ask(inputs, "showvminfo", nameOrUuid, "--machinereadable");
  return asked?.code === 0 ? quotedValue(asked.stdout, "UUID") : undefined;
}

export const vmNames = async (inputs: MachineInputs): Promise<string[]> =>
  [...((await ask(inputs, "list", "vms"))?.stdout ?? "").matchAll(/^"(.*)" \{/gm)].flatMap(
    ([, name]) => name ?? [],
  );
