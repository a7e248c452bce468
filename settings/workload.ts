import { type Mistake, mistake } from "../domain/mistake";
import { startDeadline } from "../domain/timers";
import { addressShape } from "../workloads/address/settings";
import { containerShape } from "../workloads/container/settings";
import { rancherShape } from "../workloads/rancher/settings";
import { backupShape } from "./backup";
import { fencingShape } from "./fencing";
import { imageShape } from "./image";
import { storageShape } from "./storage";
import { oneOf, setting, whole } from "./values";

/** What can stand behind the VIP. */
export const workloads = ["rancher", "container", "address"] as const;

export type WorkloadKind = (typeof workloads)[number];

/** Which workload it is, and what is said of each alike. */
export const workloadShape = {
  workload: setting(
    oneOf(workloads).default("rancher"),
    "What stands behind the VIP: rancher; container, which is any container with `container`; or address, which is whatever runs on the nodes, with `address`",
  ),
  startDeadline: setting(
    whole(startDeadline.least, startDeadline.most, " s").default(startDeadline.default),
    startDeadline.what,
  ),
  memoryFloor: setting(
    whole(256, 1_048_576, " MiB").optional(),
    "MiB of memory that a host must have, or nothing is made there, and each node before an upgrade; machines are judged by the policy memory-floor",
    "3584 for Rancher's own image, else any",
  ),
};

/** The settings that one workload alone has. */
const own: Record<WorkloadKind, readonly string[]> = {
  rancher: Object.keys(rancherShape),
  container: Object.keys(containerShape),
  address: Object.keys(addressShape),
};

/** What only a service with data on shared storage has. */
const ofServices = [storageShape, imageShape, backupShape, fencingShape].flatMap((shape) =>
  Object.keys(shape),
);

/** Settings of a service, where the stack has none. */
const serviceMistakes = (values: Record<string, unknown>): Mistake[] =>
  ofServices
    .filter((name) => Object.hasOwn(values, name))
    .map((name) =>
      mistake(
        name,
        "is of a service with data on shared storage, and `workload` address has none",
        "take it out, or set another `workload`",
      ),
    );

/** Settings that are given and that another workload has: they would do nothing. */
export function foreignMistakes(values: Record<string, unknown>): Mistake[] {
  const { workload: kind = "rancher" } = values;
  if (!workloads.some((each) => each === kind)) return [];
  const others = workloads
    .filter((each) => each !== kind)
    .flatMap((other) => own[other].filter((name) => Object.hasOwn(values, name)).map((name) => [other, name]))
    .map(([other, name = ""]) =>
      mistake(
        name,
        `is of \`workload\` ${other}, and this stack's is ${String(kind)}`,
        `take it out, or set \`workload\` to ${other}`,
      ),
    );
  return kind === "address" ? [...others, ...serviceMistakes(values)] : others;
}
