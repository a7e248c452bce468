import { isDeepStrictEqual } from "node:util";
import type { MachineInputs } from "./inputs";

/**
 * What a changed input asks for, from the least to the most:
 * - `record`: nothing is run; only our own files and the state change.
 * - `contact`: the machine is contacted over SSH, nothing else.
 * - `provision`: the script runs again on the running machine.
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
  hypervisor: "replace",
  address: "replace",
  privateNetwork: "replace",
  libvirt: "replace",
  cpus: "reload",
  memory: "reload",
  provision: "provision",
  sshPort: "contact",
  guest: "record",
  timeouts: "record",
  owner: "record",
} as const satisfies Record<keyof MachineInputs, Verb>;

/** The forwarding code that Pulumi stores: a new version of it is taken over without touching the machine. */
const providerKey = "__provider";

type Properties = Partial<MachineInputs> & { [providerKey]?: string };

/** The inputs that differ, each with its verb. An input that is not known yet (in previews) differs. */
export function changedInputs(olds: Properties, news: Properties): Map<string, Verb> {
  const changed = new Map<string, Verb>();
  for (const [key, verb] of Object.entries(verbs) as [keyof MachineInputs, Verb][]) {
    if (isDeepStrictEqual(olds[key], news[key])) continue;
    // A script that was taken away has nothing to run.
    changed.set(key, key === "provision" && !news.provision ? "record" : verb);
  }
  if (olds[providerKey] !== news[providerKey]) changed.set(providerKey, "record");
  return changed;
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
