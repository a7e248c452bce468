import { passedOn } from "../../local/child-environment";
import { type RunResult, tryRun } from "../../local/run";
import type { MachineInputs } from "./inputs";

/*
 * Direct calls of libvirt: they take 30 ms, where Vagrant takes a second, and can do things that Vagrant cannot.
 * Without `virsh` the results are undefined, and Vagrant is asked.
 */

/** The states for which virsh and vagrant-libvirt have different names. */
const states: Record<string, string> = {
  "shut off": "shutoff",
  "in shutdown": "shutting-down",
  idle: "running",
};

const noDomain = /failed to get domain|no domain with matching|Domain not found/i;

async function virsh(inputs: MachineInputs, ...args: string[]): Promise<RunResult | undefined> {
  const connect = inputs.libvirt?.uri ? ["--connect", inputs.libvirt.uri] : [];
  return await tryRun("virsh", [...connect, ...args], {
    env: { ...passedOn(process.env), ...inputs.environment, LC_ALL: "C" },
    timeout: 60_000,
  }).catch(() => undefined);
}

/** Quotes a word for virsh's own command lines, which are quoted like a shell's. */
const quoted = (text: string): string => `'${text.replace(/'/g, "'\\''")}'`;

/**
 * The state of a domain, in vagrant-libvirt's words.
 *
 * @returns undefined if only Vagrant knows it: there is no virsh or libvirt, or libvirt knows no address of the running
 *   domain
 */
export async function domainState(inputs: MachineInputs, uuid: string): Promise<string | undefined> {
  if (!uuid) return undefined;
  const asked = await virsh(inputs, `domstate ${quoted(uuid)}; domifaddr ${quoted(uuid)}`);
  if (!asked) return undefined;
  const [first = ""] = asked.stdout.trim().split("\n");
  const state = states[first.trim()] ?? first.trim();
  if (state) return state === "running" && !/\bipv4\b/.test(asked.stdout) ? undefined : state;
  return noDomain.test(asked.stderr) ? "not_created" : undefined;
}

/** The UUID of a domain, by its name or UUID; undefined if there is none. */
export async function domainUuid(inputs: MachineInputs, nameOrUuid: string): Promise<string | undefined> {
  const asked = await virsh(inputs, "domuuid", nameOrUuid);
  return asked?.code === 0 ? asked.stdout.trim() : undefined;
}

const list = (result: RunResult | undefined): string[] =>
  result?.code === 0 ? result.stdout.split("\n").flatMap((line) => line.trim() || []) : [];

export const domainNames = async (inputs: MachineInputs): Promise<string[]> =>
  list(await virsh(inputs, "list", "--all", "--name"));

/**
 * Cuts the power of a machine that Vagrant cannot reach: vagrant-libvirt neither halts nor starts a domain that
 * runs without an address.
 */
export async function powerOff(inputs: MachineInputs, uuid: string): Promise<void> {
  if (inputs.hypervisor !== "libvirt") return;
  const result = await virsh(inputs, "destroy", uuid);
  if (result?.code !== 0 && !/not running/.test(result?.stderr ?? ""))
    throw new Error(
      `\`virsh destroy\` of ${inputs.name} (domain ${uuid}) failed: ${result?.stderr.trim() ?? "it cannot be started"}`,
    );
}

const poolOf = ({ settings }: MachineInputs): string =>
  typeof settings.storage_pool_name === "string" ? settings.storage_pool_name : "default";

/** The active networks, and the names of the volumes in the machine's pool. */
export async function shared(inputs: MachineInputs): Promise<{ networks: string[]; volumes: string[] }> {
  const [networks, volumes] = await Promise.all([
    virsh(inputs, "net-list", "--name"),
    virsh(inputs, "vol-list", "--pool", poolOf(inputs)),
  ]);
  return {
    networks: list(networks),
    // Two lines of heading, then name and path.
    volumes: list(volumes)
      .slice(2)
      .map((line) => line.split(/\s+/)[0] ?? ""),
  };
}

/** Deletes volumes of the machine's pool. */
export async function deleteVolumes(
  inputs: MachineInputs,
  isMeant: (volume: string) => boolean,
): Promise<void> {
  const { volumes } = await shared(inputs);
  for (const volume of volumes.filter(isMeant))
    await virsh(inputs, "vol-delete", "--pool", poolOf(inputs), volume);
}
