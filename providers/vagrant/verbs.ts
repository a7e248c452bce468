import { isDeepStrictEqual } from "node:util";
import { isCloudBox } from "../../domain/cloud-image";
import { type HypervisorName, rulesOf } from "./hypervisors";
import type { MachineInputs } from "./inputs";
import { identityProvisioner } from "./scripts";

/**
 * What a changed input causes, from the least to the most:
 * - `record`: nothing is run; only our own files and the state change.
 * - `contact`: the machine is contacted over SSH, nothing else.
 * - `provision`: changed scripts run on the running machine; a script also sets host name and key.
 * - `reload`: the machine restarts with its new resources.
 * - `replace`: the machine is destroyed and made again.
 */
export type Verb = "record" | "contact" | "provision" | "reload" | "replace";

/** The verb of each input. Vagrant ignores a changed address or box silently, so they need `replace`. */
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
  // The source of a box matters only for its download.
  boxUrl: "record",
  boxChecksum: "record",
  guest: "record",
  // A machine keeps its networks, whoever configured them.
  networkd: "record",
  // A machine keeps its ports.
  usablePorts: "record",
  environment: "record",
  adopt: "record",
  timeouts: "record",
  owner: "record",
} as const satisfies Record<keyof MachineInputs, Verb>;

type Properties = Partial<MachineInputs>;

function verbFor(key: keyof MachineInputs, olds: Properties, news: Properties): Verb {
  const verb = verbs[key];
  // In previews the name may not be known yet.
  const fixed = news.hypervisor && rulesOf(news.hypervisor as HypervisorName)?.fixedResources;
  if (verb === "reload" && fixed) return "replace";
  // A newer image of the same kind is for new machines: one that is there upgrades its own packages.
  if (key === "box" && isCloudBox(olds.box) && isCloudBox(news.box)) return "record";
  if (key === "sshPrivateKey" && !news.sshInsertKey) return "contact";
  if (verb === "provision" && provisionersToRun(olds, news).length === 0) return "record";
  return verb;
}

/** The inputs that differ, each with its verb. An input that is not known yet (in previews) counts as different. */
export function changedInputs(olds: Properties, news: Properties): Map<string, Verb> {
  const changed = new Map<string, Verb>();
  for (const key of Object.keys(verbs) as (keyof MachineInputs)[])
    if (!isDeepStrictEqual(olds[key], news[key])) changed.set(key, verbFor(key, olds, news));
  return changed;
}

/** The provisioners that changed and must run again, in the order of the program. */
export function provisionersToRun(olds: Properties, news: Properties): string[] {
  const name = (props: Properties): string | undefined => props.hostname ?? props.name;
  // If `sshPrivateKey` is removed from the program, the machine keeps its key.
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

/** The steps, in this order, that change a machine to match its inputs. */
export type Step = "destroy" | "up" | "powerOff" | "reload" | "provision";

/** States from which `up` resumes the machine, which then does not get new resources. */
const resumed = new Set(["paused", "pmsuspended", "saved", "suspended"]);

/**
 * The steps that change an existing machine to match its inputs.
 *
 * A restart is Vagrant's `reload`. It halts the machine and boots it cold: under emulation a warm reboot takes 100 s
 * before the kernel starts. As one command it also starts Vagrant only once, and not twice as `halt` and `up` would.
 *
 * @param state as in `vagrant status`
 * @param whole false if the machine was never completed. It is then made again: an interrupted first `up` can be
 *   resumed, but may leave a half-configured network
 */
export function stepsFor(state: string, whole: boolean, wanted: ReadonlySet<Verb>): Step[] {
  if (!whole || wanted.has("replace")) return ["destroy", "up"];
  switch (state) {
    case "running":
      if (wanted.has("reload")) return ["reload"];
      return wanted.has("provision") ? ["provision"] : [];
    case "not_created":
      return ["up"];
    // It runs, but the hypervisor does not know its address; neither `up` nor `halt` does anything then.
    case "inaccessible":
      return ["powerOff", "up"];
    default:
      return resumed.has(state) && wanted.has("reload") ? ["up", "reload"] : ["up"];
  }
}
