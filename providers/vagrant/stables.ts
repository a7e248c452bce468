import { type MachineInputs, staticAddress } from "./inputs";
import type { Measured } from "./machine-handle";
import type { Verb } from "./verbs";

/** States in which a machine is not whole, or gone: the next update makes it again. */
const remade = ["incomplete", "not_created"];

/**
 * The outputs that an update leaves as they are, for previews. The interface is measured anew by the update; that its name
 * changes is taken for impossible.
 *
 * @param state the machine's, as it is now
 * @param hasDueKey whether the update gives the machine another key
 */
export function stableOutputs(
  olds: MachineInputs & Measured,
  changed: ReadonlyMap<string, Verb>,
  { state, hasDueKey }: { state: string; hasDueKey: boolean },
): (keyof Measured)[] {
  const verbs = [...changed.values()];
  if ([state, olds.state].some((each) => remade.includes(each)) || verbs.includes("replace")) return [];
  // Without a static address Vagrant may find the machine elsewhere, whenever it does something.
  const isThere = staticAddress(olds) !== undefined;
  const stays = isThere || (state === "running" && verbs.every((verb) => verb === "record"));
  const isReachedAlike = stays && !hasDueKey && !changed.has("sshPrivateKey") && !changed.has("sshPort");
  return [
    "machineId",
    "interface",
    ...(olds.state === "running" ? (["state"] as const) : []),
    ...(stays ? (["address"] as const) : []),
    ...(isReachedAlike ? (["ssh"] as const) : []),
    ...(changed.has("ports") ? [] : (["forwardedPorts"] as const)),
  ];
}
