import { current } from "../current";
import { rollout as provider } from "./rollout-provider";

export { Rollout, type RolloutArgs } from "./rollout";

/** What Pulumi calls. @internal */
export const rollout = current(provider);
