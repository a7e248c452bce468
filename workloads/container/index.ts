export { type Asked, type ContainerWorkloadArgs, containerWorkload } from "./workload";
