export type { Page } from "../domain/page";
export type { Question } from "../domain/question";
export { Agents, type AgentsArgs } from "./agents";
export {
  type BackupPlan,
  Backups,
  type BackupsArgs,
  type SnapshotPlan,
  Snapshots,
  type SnapshotsArgs,
} from "./backups";
export type { CompanionOptions, ContainerLimits, ContainerOptions, HookOptions } from "./container-plan";
export { FloatingIp, type FloatingIpArgs } from "./floating-ip";
export {
  type HaBaseArgs,
  HaService,
  type HaServiceArgs,
  type HaServiceOutputs,
} from "./ha-service";
export { type HostLogin, type HostNodeArgs, type HostRules, Hosts, type HostsArgs } from "./hosts";
export { type MachineNodeArgs, Machines, type MachinesArgs, type MachineTemplate } from "./machines";
export type { Node, NodeIdentity } from "./node";
export { type AgentArgs, type FencingArgs, NodeSoftware, type NodeSoftwareArgs } from "./node-software";
export type { NodeArgs, NodesArgs } from "./nodes";
export type { NodeOutput } from "./observe";
export type { Dependencies, NodeDependencies } from "./on-node";

export { Service, type ServiceArgs } from "./service";
export {
  SharedStorage,
  type SharedStorageArgs,
  type StorageSource,
  type StorageTimes,
} from "./shared-storage";
export type { ImageSources, Workload } from "./workload";
