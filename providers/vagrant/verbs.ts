import { isDeepStrictEqual } from "node:util";
import { type HypervisorName, rulesOf } from "./hypervisors";
import type { MachineInputs } from "./inputs";
import { identityProvisioner } from "./scripts";

/**
 * What a changed input asks for, from the least to the most:
 * - `record`: nothing is run; only our own files and the state change.
 * - `contact`: the machine is contacted over SSH, nothing else.
 * - `provision`: what changed runs on the running machine: scripts, or the one that sets host name and key.
 * - `reload`: the machine restarts with its new resources.
 * - `replace`: the machine is destroyed and made anew.
 */
export type Verb = "record" | "contact" | "provision" | "reload" | "replace";

/** The verb of each input. Vagrant ignores a changed address or box without a word: hence `replace`. */
export const verbs = {
  name: "replace",
  directory: "replace",
  box: "replace",
  boxVersion: "replace",
  architecture: "replace",
  hypervisor: "replace",
  networks: "replace",
  libvirt: "replace",
  sshUser: "replace",
  sshInsertKey: "replace",
  cpus: "reload",
  memory: "reload",
  ports: "reload",
  syncedFolders: "reload",
  settings: "reload",
  vagrantfile: "reload",
  hostname: "provision",
  provision: "provision",
  sshPrivateKey: "provision",
  sshPort: "contact",
  // Where a box comes from matters only when it is fetched.
  boxUrl: "record",
  boxChecksum: "record",
  guest: "record",
  // The networks that a machine has, it keeps, whoever set them.
  networkd: "record",
  // Ports that a machine has, it keeps.
  usablePorts: "record",
  environment: "record",
  adopt: "record",
  timeouts: "record",
  owner: "record",
} as const satisfies Record<keyof MachineInputs, Verb>;

/** The forwarding code that Pulumi stores: a new version of it is taken over without touching the machine. */
const providerKey = "__provider";

type Properties = Partial<MachineInputs> & { [providerKey]?: string };

function verbFor(key: keyof MachineInputs, olds: Properties, news: Properties): Verb {
  const verb = verbs[key];
  // The name may not be known yet, in previews.
  const fixed = news.hypervisor && rulesOf(news.hypervisor as HypervisorName)?.fixedResources;
  if (verb === "reload" && fixed) return "replace";
  if (key === "sshPrivateKey" && !news.sshInsertKey) return "contact";
  if (verb === "provision" && provisionersToRun(olds, news).length === 0) return "record";
  return verb;
}

/** The inputs that differ, each with its verb. An input that is not known yet (in previews) differs. */
export function changedInputs(olds: Properties, news: Properties): Map<string, Verb> {
  const changed = new Map<string, Verb>();
  for (const key of Object.keys(verbs) as (keyof MachineInputs)[])
    if (!isDeepStrictEqual(olds[key], news[key])) changed.set(key, verbFor(key, olds, news));
  if (olds[providerKey] !== news[providerKey]) changed.set(providerKey, "record");
  return changed;
}

/** The provisioners that must run again since what they do changed, in the order of the program. */
export function provisionersToRun(olds: Properties, news: Properties): string[] {
  const name = (props: Properties): string | undefined => props.hostname ?? props.name;
  // A key of one's own that is taken away leaves the machine's as it is.
  const newKey =
    news.sshInsertKey === true &&
    news.sshPrivateKey !== undefined &&
    news.sshPrivateKey !== olds.sshPrivateKey;
  const scripts = Array.isArray(news.provision) ? news.provision : [];
  const before = Array.isArray(olds.provision) ? olds.provision : [];
  return [
    ...(name(olds) !== name(news) || newKey ? [identityProvisioner] : []),
    ...scripts.filter((each) => !before.some((old) => isDeepStrictEqual(old, each))).map((each) => each.name),
  ];
}

/** What is run, in this order, to bring a machine to its inputs. */
export type Step = "destroy" | "up" | "powerOff" | "reload" | "provision";

/** States from which `up` goes on where the machine was, so that it does not see new resources. */
const resumed = new Set(["paused", "pmsuspended", "saved", "suspended"]);

/**
 * The steps that bring an existing machine to its inputs.
 *
 * A restart is Vagrant's `reload`: it halts and boots cold (a warm reboot under emulation takes 100 s before the
 * kernel starts), and as one command it saves the second start of Vagrant that `halt` and `up` would take.
 *
 * @param state as `vagrant status` says it
 * @param whole false if the machine was never finished: it cannot be trusted then (an interrupted first `up` can
 *   be resumed and still leaves a half-configured network), so it is made again
 */
export function stepsFor(state: string, whole: boolean, wanted: ReadonlySet<Verb>): Step[] {
  if (!whole || wanted.has("replace")) return ["destroy", "up"];
  switch (state) {
    case "running":
      if (wanted.has("reload")) return ["reload"];
      return wanted.has("provision") ? ["provision"] : [];
    case "not_created":
      return ["up"];
    // Runs, but the hypervisor does not know its address; neither `up` nor `halt` does anything then.
    case "inaccessible":
      return ["powerOff", "up"];
    default:
      return resumed.has(state) && wanted.has("reload") ? ["up", "reload"] : ["up"];
  }
}
