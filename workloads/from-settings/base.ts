import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { HaBaseArgs } from "../../components/ha-service";
import type { HostLogin } from "../../components/hosts";
import type { NodeArgs, NodesArgs } from "../../components/nodes";
import type { StorageSource } from "../../components/shared-storage";
import { environmentOf } from "../../domain/environment";
import { fencesByStorage, hasAgent } from "../../domain/fencing";
import { tellsAnybody } from "../../domain/notify";
import { nodeTimes } from "../../domain/timers";
import { dataHome } from "../../local/paths";
import { type NodeSettings, type Settings, SettingsError } from "../../settings";
import { keyMistakes, keyPath } from "../../settings/key-files";
import { storageMachine } from "../../settings/storage";
import type { Place } from "./place";

/** Which stack of which project the settings are of. */
export interface StackName {
  project: string;
  stack: string;
}

/** Whether what holds the stack's data is protected, and how strictly policies judge it. */
export const environmentIn = ({ environment, nodes }: Settings, { stack }: StackName) =>
  environmentOf(stack, environment, nodes);

/**
 * A stack's settings as the nodes of its component.
 *
 * @throws SettingsError if a host's key cannot be used
 */
export function nodesOf(settings: Settings, place: Place, name: StackName): NodesArgs {
  const mistakes = keyMistakes(settings.nodes);
  if (mistakes.length > 0) throw new SettingsError(mistakes);
  const owner = `${name.project}/${name.stack}`;
  return {
    nodes: settings.nodes.map(nodeArgs),
    machines: place.machines && { ...place.machines, owner },
    hosts: { directory: join(dataHome(), "hosts", name.stack), owner },
  };
}

/**
 * A stack's settings as the arguments of its component, but for the workload's own.
 *
 * @throws SettingsError if a host's key cannot be used
 */
export function baseArgs(settings: Settings, place: Place, name: StackName): HaBaseArgs {
  const { dataDirectory, nfsVersion, guard, fencing, startDeadline } = settings;
  const { registryLogin, registryMirrors, imageArchive } = settings;
  const nodes = nodesOf(settings, place, name);
  return {
    id: `${name.project}-${name.stack}`,
    ...nodes,
    floatingIp: floatingIpOf(settings),
    storage: storageOf(place, nodes.machines, fencing),
    ...{ dataDirectory, nfsVersion },
    guard: nodeTimes(guard, guard.health, { startDeadline, fenceLimit: fencing.timeout }),
    fencing: hasAgent(fencing) ? fencing : undefined,
    watchdog: fencing.watchdog,
    backup: backupOf(settings),
    notify: tellsAnybody(settings.notify) ? settings.notify : undefined,
    snapshots: snapshotsOf(settings),
    imageSources: { login: registryLogin, mirrors: registryMirrors, archive: imageArchive },
    protect: environmentIn(settings, name) === "prod",
  };
}

function floatingIpOf(settings: Settings): HaBaseArgs["floatingIp"] {
  const { vip, furtherVips, advertInterval, virtualRouterId, keepalived } = settings;
  return { ...{ vip, furtherVips, advertInterval, virtualRouterId }, ...keepalived };
}

function backupOf({ backup: { schedule, ...kept } }: Settings): HaBaseArgs["backup"] {
  return schedule === undefined ? undefined : { schedule, ...kept };
}

function snapshotsOf({ snapshots: { schedule, keep } }: Settings): HaBaseArgs["snapshots"] {
  return schedule === undefined ? undefined : { schedule, keep };
}

function storageOf(
  { storage }: Place,
  machines: HaBaseArgs["machines"],
  fencing: Settings["fencing"],
): StorageSource {
  if (!storage) throw new Error("the place has no storage");
  if (storage.kind !== "machine") return storage;
  if (!machines) throw new Error("the place has nothing to make machines of");
  return {
    ...{ ...storage, machineName: storageMachine, template: machines },
    ...(fencesByStorage(fencing) ? { fences: true } : {}),
  };
}

function nodeArgs({ host, machine, ...identity }: NodeSettings): NodeArgs {
  return host ? { ...identity, host: loginOf(host) } : { ...identity, ...machine };
}

/** With the key's text, where the settings name its file. */
function loginOf({ keyFile, privateKey, ...login }: NonNullable<NodeSettings["host"]>): HostLogin {
  const file = keyFile === undefined ? undefined : keyPath(keyFile);
  return { ...login, keyFile: file, privateKey: privateKey ?? readFileSync(file ?? "", "utf8") };
}
