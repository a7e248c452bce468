import type { HaServiceArgs } from "../../components/ha-service";
import type { Settings } from "../../settings";
import { baseArgs, environmentIn, type StackName } from "../from-settings/base";
import type { Place } from "../from-settings/place";
import { type ContainerWorkloadArgs, containerWorkload } from "./workload";

/** The container of settings that have one: a rule says so. */
function containerOf({ container }: Settings): NonNullable<Settings["container"]> {
  if (!container) throw new Error("`workload` is container, and the settings have none");
  return container;
}

/**
 * A stack's settings as the arguments of its service.
 *
 * @throws SettingsError if a host's key cannot be used
 */
export function containerArgs(settings: Settings, place: Place, name: StackName): HaServiceArgs {
  const { image = "", allowDowngrade, discardWritesOf, startDeadline, guard, dataDirectory, vip } = settings;
  const base = baseArgs(settings, place, name);
  const { capabilities, ...given } = containerOf(settings);
  const { add, drop } = capabilities;
  const isPlain = add.length + drop.length === 0;
  const args: ContainerWorkloadArgs = {
    ...present(given),
    ...(isPlain ? {} : { capabilities: { adds: add, drops: drop } }),
    ...{ image, allowDowngrade, discardWritesOf, startDeadline, stopGrace: guard.stopGrace },
  };
  return {
    ...base,
    hosts: base.hosts && { ...base.hosts, memory: settings.memoryFloor },
    workload: {
      ...containerWorkload(args, { vip: vip.address, dataDirectory }),
      ...{ resources: "service", others: ["rancher"] },
    },
    environment: environmentIn(settings, name),
    subnet: settings.subnet,
  };
}

/** Without what is not given. */
const present = <T extends object>(given: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
