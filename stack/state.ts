import { inBareProject } from "../local/pulumi/bare-project";
import {
  contentsOf,
  type Deployment,
  type Resource,
  readCheckpoint,
  readExport,
} from "../local/pulumi/checkpoint";
import { withoutSecrets } from "../local/pulumi/values";
import { run, tryRun } from "../local/run";
import type { Backend } from "../local/toolchain/environment";
import { type Claim, claimsOfResources } from "./claims";
import { lossesOf } from "./losses";

/** What is known of a stack without running its program. */
export interface StackState {
  /** Secret outputs are shown as `[secret]`. */
  outputs: Record<string, unknown>;
  /** Number of resources, the stack itself and its components included. */
  resources: number;
  /** Whether Pulumi was killed during an operation and does not know its result. */
  interrupted: boolean;
  /** URNs whose creation was interrupted: they may exist, and are not among the resources. */
  pendingCreates: string[];
  /** The stack's machines, including incomplete ones. */
  machines: RecordedMachine[];
  /** Names of all nodes, machines or hosts. */
  nodes: string[];
  /** The image of the last release that came to its end, by its name in the settings; missing before the first. */
  image?: string;
  /** What the stack claims for itself alone. */
  claims: Claim[];
  /**
   * What its removal deletes, one phrase each: by its settings (`usual`), and together with the shared data
   * (`withData`).
   */
  losses: { usual: string[]; withData: string[] };
  /** Pulumi's salt, if secrets are encrypted with a passphrase. */
  salt?: string;
}

/** A machine as the state has it (providers/vagrant). */
export interface RecordedMachine {
  name: string;
  /** IPv4 address without prefix. */
  address: string;
  sshPort: number;
  /** Its folder on this machine: its key and host key are there. */
  directory: string;
  /** The hypervisor's name and, once the machine is made, its id there; libvirt's URI if there is one. */
  hypervisor?: string;
  machineId?: string;
  libvirtUri?: string;
}

const machineType = "pulumi-nodejs:dynamic/vagrant:Machine";
const hostType = "pulumi-nodejs:dynamic/host:Host";

const releaseType = "pulumi-nodejs:dynamic/rancher:Release";

/** The image that nodes were told last (providers/release). */
function imageOf(resources: readonly Resource[]): { image?: string } {
  const image = resources.find(({ type }) => type === releaseType)?.outputs?.image;
  return typeof image === "string" ? { image } : {};
}

/** The name of the node that a resource is: a machine or a host; undefined for all others. */
export const nodeNameOf = ({ type, inputs }: Resource): string | undefined =>
  [machineType, hostType].includes(type) && typeof inputs?.name === "string" ? inputs.name : undefined;

function recordedMachine({ inputs, outputs }: Resource): RecordedMachine[] {
  const {
    networks = [],
    libvirt,
    ...found
  } = { ...inputs, ...outputs } as Partial<RecordedMachine> & {
    networks?: { address?: string }[];
    libvirt?: { uri?: string };
  };
  const { name, sshPort = 22, directory, hypervisor, machineId } = found;
  // A machine that is being made has no outputs yet.
  const address = found.address || networks.find((network) => network.address)?.address;
  if (typeof name !== "string" || typeof address !== "string" || typeof directory !== "string") return [];
  const machine = { name, address: address.replace(/\/.*/, ""), sshPort, directory };
  return [
    {
      ...machine,
      ...(hypervisor ? { hypervisor } : {}),
      ...(machineId ? { machineId } : {}),
      ...(libvirt?.uri ? { libvirtUri: libvirt.uri } : {}),
    },
  ];
}

/** Reads a deployment in the form of state files and `pulumi stack export`. */
export function describeDeployment(deployment: Deployment | undefined): StackState {
  const { resources, creating, interrupted, salt } = contentsOf(deployment);
  const root = resources.find(({ type }) => type === "pulumi:pulumi:Stack");
  const all = [...resources, ...creating];
  const machines = all.filter(({ type }) => type === machineType);
  return {
    outputs: withoutSecrets(root?.outputs ?? {}) as Record<string, unknown>,
    resources: resources.length,
    interrupted,
    pendingCreates: creating.map(({ urn }) => urn),
    machines: machines.flatMap(recordedMachine),
    nodes: all.flatMap((each) => nodeNameOf(each) ?? []),
    ...imageOf(resources),
    claims: claimsOfResources(all),
    losses: { usual: lossesOf(all, false), withData: lossesOf(all, true) },
    salt,
  };
}

/** A stack's state from its file in a local backend; undefined if there is none. */
export function readLocal(backend: Backend, stack: string): StackState | undefined {
  const checkpoint = readCheckpoint(backend, stack);
  return checkpoint && describeDeployment(checkpoint.latest);
}

/** How to call Pulumi's CLI. */
export interface Cli {
  pulumi: string;
  env: NodeJS.ProcessEnv;
  cwd: string;
}

/**
 * Reads a stack's state. With a local backend this reads its file, which takes a millisecond. Otherwise it calls the
 * CLI once, which takes a second.
 *
 * @returns undefined if the backend has no such stack
 */
export async function readState(
  backend: Backend,
  stack: string,
  cli: () => Promise<Cli>,
): Promise<StackState | undefined> {
  if (backend.local) return readLocal(backend, stack);
  const { pulumi, ...options } = await cli();
  const result = await tryRun(pulumi, ["stack", "export", "--stack", stack, "--non-interactive"], options);
  if (/no stack named/.test(result.stderr)) return undefined;
  if (result.code !== 0) throw new Error(`the stack \`${stack}\` cannot be read: ${result.stderr.trim()}`);
  return describeDeployment(readExport(result.stdout));
}

/** Makes an empty stack, and touches no file of settings. */
export async function initStack(stack: string, { pulumi, env }: Cli): Promise<void> {
  const argv = ["stack", "init", stack, "--no-select", "--non-interactive"];
  await inBareProject(async (cwd) => await run(pulumi, argv, { env, cwd }));
}
