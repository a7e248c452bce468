import type { Settings } from "../../settings";
import { baseArgs, environmentIn, type StackName } from "../from-settings/base";
import type { Place } from "../from-settings/place";
import type { HaRancherArgs } from "./ha-rancher";
import { defaultImage, memoryFloorOf } from "./versions";

/**
 * A stack's settings as the arguments of its {@link HaRancher}.
 *
 * @throws SettingsError if a host's key cannot be used
 */
export function rancherArgs(settings: Settings, place: Place, name: StackName): HaRancherArgs {
  const {
    image = place.image ?? defaultImage,
    allowDowngrade,
    discardWritesOf,
    hostname,
    httpsPort,
    httpPort,
    tls,
  } = settings;
  const { extraEnvironment, systemRegistry, agentVolume, auditLog, startDeadline, guard } = settings;
  const base = baseArgs(settings, place, name);
  return {
    ...base,
    hosts: base.hosts && { ...base.hosts, memory: memoryFloorOf(settings.memoryFloor, image) },
    rancher: {
      ...{ image, allowDowngrade, discardWritesOf, hostname, httpsPort, httpPort, tls },
      ...{ extraEnvironment, systemRegistry, agentVolume, auditLog, startDeadline },
      ...{ stopGrace: guard.stopGrace, memoryFloor: settings.memoryFloor },
    },
    environment: environmentIn(settings, name),
    subnet: settings.subnet,
  };
}
