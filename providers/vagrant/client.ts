import { cacheHome } from "../../system/paths";
import { RunError, type RunResult, tryRun } from "../../system/run";
import { explained, explainedRunError } from "./errors";
import type { MachineInputs } from "./inputs";
import { parseRows, type Row, stateOf } from "./machine-readable";
import { scriptProvisioner } from "./vagrantfile";

/** `status` of a running libvirt machine without a lease takes up to 28 s. */
const statusLimit = 90;

/** A halted machine gets this long to be declared so, beyond its own time limit. */
const haltGrace = 60;

/** The user's settings of Vagrant that would point it elsewhere than to our folder. */
const misleading = ["VAGRANT_CWD", "VAGRANT_DOTFILE_PATH", "VAGRANT_VAGRANTFILE"];

function environment(inputs: MachineInputs): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    VAGRANT_CHECKPOINT_DISABLE: "1",
    VAGRANT_NO_COLOR: "1",
    VAGRANT_DEFAULT_PROVIDER: inputs.hypervisor,
  };
  for (const name of misleading) delete env[name];
  // vagrant-libvirt asks some questions of the default libvirt, whatever the Vagrantfile says.
  if (inputs.libvirt?.uri) env.LIBVIRT_DEFAULT_URI = inputs.libvirt.uri;
  return env;
}

/** A command's time limit, and the input that sets it. */
interface Limit {
  seconds: number;
  setting: string;
}

/** Runs Vagrant in the machine's folder; rejects with Vagrant's own words if it fails. */
async function vagrant(inputs: MachineInputs, command: string, args: string[], limit: Limit): Promise<Row[]> {
  let result: RunResult;
  try {
    result = await tryRun("vagrant", ["--machine-readable", command, inputs.name, ...args], {
      cwd: inputs.directory,
      env: environment(inputs),
      timeout: limit.seconds * 1000,
    });
  } catch (error) {
    if (error instanceof RunError) throw explainedRunError(command, inputs, limit.setting, error);
    throw error;
  }
  if (result.code !== 0) throw await explained(command, inputs, result);
  return parseRows(result.stdout);
}

/** Which provisioners run: all at creation, the script when it changed, else none. */
export type Provisioning = "all" | "script" | "none";

const provisionArgs = (provisioning: Provisioning): string[] =>
  ({
    all: ["--provision"],
    script: ["--provision-with", scriptProvisioner],
    none: ["--no-provision"],
  })[provisioning];

/** The machine's state, such as `running`. */
export async function status(inputs: MachineInputs): Promise<string> {
  const rows = await vagrant(inputs, "status", [], { seconds: statusLimit, setting: "the time for status" });
  const state = stateOf(rows, inputs.name);
  if (!state) throw new Error(`\`vagrant status\` said no state of ${inputs.name}`);
  return state;
}

/** Makes or starts the machine. Vagrant would destroy a new machine whose start fails: we keep what exists. */
export async function up(inputs: MachineInputs, provisioning: Provisioning): Promise<void> {
  const args = ["--no-destroy-on-error", "--provider", inputs.hypervisor, ...provisionArgs(provisioning)];
  const start = async (): Promise<void> => {
    await vagrant(inputs, "up", args, { seconds: inputs.timeouts.up, setting: "timeouts.up" });
  };
  if (inputs.hypervisor !== "virtualbox") return await start();
  // VirtualBox imports of one box collide, and forwarded SSH ports are found by trying.
  const { withLock } = await import("../../system/lock.js");
  await withLock(cacheHome(), "virtualbox", start);
}

/** Halts the machine and starts it with its new resources. */
export async function reload(inputs: MachineInputs, provisioning: Provisioning): Promise<void> {
  await vagrant(inputs, "reload", provisionArgs(provisioning), {
    seconds: inputs.timeouts.halt + haltGrace + inputs.timeouts.up,
    setting: "timeouts.up and timeouts.halt",
  });
}

/** Runs the script on the running machine. */
export async function provision(inputs: MachineInputs): Promise<void> {
  await vagrant(inputs, "provision", provisionArgs("script"), {
    seconds: inputs.timeouts.up,
    setting: "timeouts.up",
  });
}

/** Destroys the machine, also when it does not exist or only in part. */
export async function destroy(inputs: MachineInputs): Promise<void> {
  await vagrant(inputs, "destroy", ["--force"], {
    seconds: inputs.timeouts.destroy,
    setting: "timeouts.destroy",
  });
}

/**
 * Cuts the power of a machine that Vagrant cannot reach: vagrant-libvirt neither halts nor starts a domain that
 * runs without an address.
 */
export async function powerOff(inputs: MachineInputs, machineId: string): Promise<void> {
  if (inputs.hypervisor !== "libvirt") return;
  const connect = inputs.libvirt?.uri ? ["--connect", inputs.libvirt.uri] : [];
  const result = await tryRun("virsh", [...connect, "destroy", machineId], { timeout: 60_000 });
  if (result.code !== 0 && !/not running/.test(result.stderr))
    throw new Error(
      `\`virsh destroy\` of ${inputs.name} (domain ${machineId}) failed: ${result.stderr.trim()}`,
    );
}

/** What a command prints on the machine, reached the way that Vagrant reaches it; undefined if it cannot be. */
export async function runThroughVagrant(inputs: MachineInputs, command: string): Promise<string | undefined> {
  const result = await tryRun("vagrant", ["ssh", inputs.name, "--no-tty", "--command", command], {
    cwd: inputs.directory,
    env: environment(inputs),
    timeout: 60_000,
  }).catch(() => undefined);
  return result?.code === 0 ? result.stdout : undefined;
}
