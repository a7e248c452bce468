export type { Asked } from "./asked";
export {
  type CompanionArgs,
  type ContainerWorkloadArgs,
  containerWorkload,
  type HookArgs,
  type PartArgs,
} from "./workload";
