export type { Asked } from "./asked";
export { type ContainerWorkloadArgs, containerWorkload } from "./workload";
