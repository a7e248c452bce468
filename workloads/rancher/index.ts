export { HaRancher, type HaRancherArgs } from "./ha-rancher";
export { defaultImage, type RancherArgs, rancherWorkload } from "./workload";
