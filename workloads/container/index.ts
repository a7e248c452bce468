export {
  type Asked,
  type CompanionArgs,
  type ContainerWorkloadArgs,
  containerWorkload,
  type HookArgs,
  type PartArgs,
} from "./workload";
