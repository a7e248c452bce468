export { HaRancher, type HaRancherArgs } from "./ha-rancher";
export { defaultImage } from "./versions";
export { type RancherArgs, rancherWorkload } from "./workload";
