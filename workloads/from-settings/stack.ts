import type * as pulumi from "@pulumi/pulumi";
import { HaService, type HaServiceOutputs } from "../../components/ha-service";
import type { Settings } from "../../settings";
import { addressArgs } from "../address/from-settings";
import { HaAddress, type HaAddressOutputs } from "../address/ha-address";
import { containerArgs } from "../container/from-settings";
import { rancherArgs } from "../rancher/from-settings";
import { HaRancher } from "../rancher/ha-rancher";
import type { StackName } from "./base";
import type { Place } from "./place";

/** A stack's component. */
export type Stack = HaServiceOutputs & {
  /** The password of Rancher's first login; undefined with another workload. */
  bootstrapPassword?: pulumi.Output<string>;
  /** Each VIP where several move by themselves; undefined with another workload. */
  vips?: HaAddressOutputs["vips"];
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
  switch (settings.workload) {
    case "address":
      return new HaAddress(name, addressArgs(settings, place, stack), opts);
    case "container":
      return new HaService(name, containerArgs(settings, place, stack), opts);
    default:
      return new HaRancher(name, rancherArgs(settings, place, stack), opts);
  }
}
