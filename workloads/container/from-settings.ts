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
  const { companions, ...given } = containerOf(settings);
  const args: ContainerWorkloadArgs = {
    ...partOf(given),
    companions: companions.map(partOf),
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

type Capabilities = NonNullable<Settings["container"]>["capabilities"];

/** A container without what is not given, its capabilities as Docker names them. */
function partOf<T extends { capabilities: Capabilities }>({ capabilities: { add, drop }, ...given }: T) {
  const isPlain = add.length + drop.length === 0;
  return { ...present(given), ...(isPlain ? {} : { capabilities: { adds: add, drops: drop } }) };
}

/** Without what is not given. */
const present = <T extends object>(given: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
