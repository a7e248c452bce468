import type * as pulumi from "@pulumi/pulumi";
import { HaService, type HaServiceOutputs } from "../../components/ha-service";
import type { Settings } from "../../settings";
import { containerArgs } from "../container/from-settings";
import { rancherArgs } from "../rancher/from-settings";
import { HaRancher } from "../rancher/ha-rancher";
import type { StackName } from "./base";
import type { Place } from "./place";

/** A stack's component. */
export type Stack = HaServiceOutputs & {
  /** The password of Rancher's first login; undefined with another workload. */
  bootstrapPassword?: pulumi.Output<string>;
};

/** Its name, whatever the workload is. */
const name = "ha-rancher";

/**
 * Makes the component that a stack's settings ask for.
 *
 * @throws SettingsError if a host's key cannot be used
 */
export function makeStack(
  settings: Settings,
  place: Place,
  stack: StackName,
  opts?: pulumi.ComponentResourceOptions,
): Stack {
  return settings.workload === "container"
    ? new HaService(name, containerArgs(settings, place, stack), opts)
    : new HaRancher(name, rancherArgs(settings, place, stack), opts);
}
