import { passedOn } from "../../local/child-environment";
import { RunError, type RunResult, tryRun } from "../../local/run";
import { explained, explainedRunError } from "./errors";
import { rulesOf } from "./hypervisors";
import type { MachineInputs } from "./inputs";
import { parseRows, type Row, stateOf } from "./machine-readable";
import { patiently } from "./retry";

/** `status` of a running libvirt machine without a lease takes up to 28 s. */
const statusLimit = 90;

/** Milliseconds that Vagrant may take to report a halted machine, beyond the machine's own time limit. */
const haltGrace = 60;

/** The user's Vagrant variables that would make it use another folder than ours. */
const misleading = ["VAGRANT_CWD", "VAGRANT_DOTFILE_PATH", "VAGRANT_VAGRANTFILE"];

function environment(inputs: MachineInputs): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {
    ...passedOn(process.env),
    VAGRANT_CHECKPOINT_DISABLE: "1",
    VAGRANT_NO_COLOR: "1",
    VAGRANT_DEFAULT_PROVIDER: inputs.hypervisor,
    ...inputs.environment,
  };
  for (const name of misleading) delete env[name];
  // vagrant-libvirt sends some requests to the default libvirt, whatever the Vagrantfile says.
  if (inputs.libvirt?.uri) env.LIBVIRT_DEFAULT_URI = inputs.libvirt.uri;
  return env;
}

/** A command's time limit, and the input that sets it. */
interface Limit {
  seconds: number;
  setting: string;
}

/** Prints a line of progress. Pulumi shows it without the resource's name, so it begins with the machine's. */
export const say = (inputs: MachineInputs, text: string): void => console.log(`${inputs.name}: ${text}`);

/** Runs Vagrant once in the machine's folder. If it fails, the error has Vagrant's own message. */
async function vagrantOnce(
  inputs: MachineInputs,
  args: string[],
  limit: Limit,
  onLine?: (line: string) => void,
): Promise<Row[]> {
  const command = args.slice(0, args[0] === "box" ? 2 : 1).join(" ");
  let result: RunResult;
  try {
    result = await tryRun("vagrant", ["--machine-readable", ...args], {
      cwd: inputs.directory,
      env: environment(inputs),
      timeout: limit.seconds * 1000,
      onLine,
    });
  } catch (error) {
    if (error instanceof RunError) throw explainedRunError(command, inputs, limit.setting, error);
    throw error;
  }
  if (result.code !== 0) throw await explained(command, inputs, result);
  return parseRows(result.stdout);
}

/** Runs Vagrant, and again if the failure is transient. */
const vagrant: typeof vagrantOnce = async (inputs, args, limit, onLine) =>
  await patiently(
    () => vagrantOnce(inputs, args, limit, onLine),
    (error) => say(inputs, `${error.message}\ntrying again`),
  );

/** Which provisioners run: all at creation, those whose work changed, or none. */
export type Provisioning = "all" | readonly string[];

const provisionArgs = (provisioning: Provisioning): string[] => {
  if (provisioning === "all") return ["--provision"];
  return provisioning.length > 0 ? ["--provision-with", provisioning.join(",")] : ["--no-provision"];
};

/** The machine's state as Vagrant reports it, such as `running`. This takes a second; `states.ts` has a faster way. */
export async function status(inputs: MachineInputs): Promise<string> {
  const rows = await vagrant(inputs, ["status", inputs.name], {
    seconds: statusLimit,
    setting: "the time for status",
  });
  const state = stateOf(rows, inputs.name);
  if (!state) throw new Error(`\`vagrant status\` said no state of ${inputs.name}`);
  return state;
}

/** Runs a command that boots a machine. If the hypervisor boots only one at a time, the command waits for its turn. */
async function boot(
  inputs: MachineInputs,
  action: (onLine: (line: string) => void) => Promise<void>,
): Promise<void> {
  const told = (text: string): void => say(inputs, text);
  if (inputs.hypervisor === "libvirt") {
    const { bootOnLibvirt } = await import("./libvirt-turns.js");
    return await bootOnLibvirt(inputs, action, told);
  }
  if (!rulesOf(inputs.hypervisor).oneAtATime) return await action(() => {});
  const { inTurn } = await import("./turns.js");
  await inTurn(
    `boot-${inputs.hypervisor}`,
    () => action(() => {}),
    () => told(`waiting for another process: ${inputs.hypervisor} takes one boot at a time`),
  );
}

/**
 * Makes or starts the machine. By default Vagrant destroys a new machine whose start fails; here it stays.
 *
 * @param once true if a failure leaves something that must be removed before another try
 */
export async function up(inputs: MachineInputs, provisioning: Provisioning, once = false): Promise<void> {
  const args = [
    "up",
    inputs.name,
    "--no-destroy-on-error",
    "--provider",
    inputs.hypervisor,
    ...provisionArgs(provisioning),
  ];
  const limit = { seconds: inputs.timeouts.up, setting: "timeouts.up" };
  await boot(inputs, async (onLine) => {
    await (once ? vagrantOnce : vagrant)(inputs, args, limit, onLine);
  });
}

/** Halts the machine and starts it with its new resources. */
export async function reload(inputs: MachineInputs, provisioning: Provisioning): Promise<void> {
  await boot(inputs, async (onLine) => {
    const limit = {
      seconds: inputs.timeouts.halt + haltGrace + inputs.timeouts.up,
      setting: "timeouts.up and timeouts.halt",
    };
    await vagrant(inputs, ["reload", inputs.name, ...provisionArgs(provisioning)], limit, onLine);
  });
}

/** Runs provisioners on the running machine. */
export async function provision(inputs: MachineInputs, names: readonly string[]): Promise<void> {
  await vagrant(inputs, ["provision", inputs.name, ...provisionArgs(names)], {
    seconds: inputs.timeouts.up,
    setting: "timeouts.up",
  });
}

/** Destroys the machine, even if it exists only in part, or not at all. */
export async function destroy(inputs: MachineInputs): Promise<void> {
  await vagrant(inputs, ["destroy", inputs.name, "--force"], {
    seconds: inputs.timeouts.destroy,
    setting: "timeouts.destroy",
  });
}

/** The address that Vagrant's own SSH uses, for machines without a static address. */
export async function sshConfig(inputs: MachineInputs): Promise<{ host: string; port: number }> {
  const rows = await vagrant(inputs, ["ssh-config", inputs.name], {
    seconds: statusLimit,
    setting: "the time for ssh-config",
  });
  const text = rows.findLast(({ type }) => type === "ssh-config")?.data.join(",") ?? "";
  const configured = (key: string): string | undefined =>
    new RegExp(`^\\s*${key}\\s+(\\S+)`, "m").exec(text)?.[1];
  const [host, port] = [configured("HostName"), Number(configured("Port") ?? inputs.sshPort)];
  if (!host) throw new Error(`\`vagrant ssh-config\` said no address of ${inputs.name}`);
  return { host, port };
}

/** Makes Vagrant create its home folder with its files. */
export async function prepareHome(inputs: MachineInputs): Promise<void> {
  await vagrant(inputs, ["box", "list"], { seconds: statusLimit, setting: "the time for box list" });
}

/** Downloads the machine's box. */
export async function boxAdd(inputs: MachineInputs): Promise<void> {
  const { box = "", boxUrl, boxVersion, boxChecksum, hypervisor } = inputs;
  const [type, checksum] = boxChecksum?.split(":") ?? [];
  const catalog = boxUrl === undefined || /\.json([?#]|$)/.test(boxUrl);
  const args = [
    "box",
    "add",
    // A box that is given as a file has no version, and its name comes from us.
    ...(catalog ? (boxVersion ? ["--box-version", boxVersion] : []) : ["--name", box]),
    // For qemu several kinds of boxes fit; Vagrant chooses one when it uses the box.
    ...(hypervisor === "qemu" ? [] : ["--provider", hypervisor]),
    ...(checksum && type ? ["--checksum-type", type, "--checksum", checksum] : []),
    boxUrl ?? box,
  ];
  try {
    await vagrant(inputs, args, { seconds: inputs.timeouts.box, setting: "timeouts.box" });
  } catch (error) {
    // Another process, which does not use our lock, was faster.
    if (!/BoxAlreadyExists/.test((error as { kind?: string }).kind ?? "")) throw error;
  }
}

/** The output of a command on the machine, over Vagrant's own connection; undefined if that fails. */
export async function runThroughVagrant(inputs: MachineInputs, command: string): Promise<string | undefined> {
  const result = await tryRun("vagrant", ["ssh", inputs.name, "--no-tty", "--command", command], {
    cwd: inputs.directory,
    env: environment(inputs),
    timeout: 60_000,
  }).catch(() => undefined);
  return result?.code === 0 ? result.stdout : undefined;
}
