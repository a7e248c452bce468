import { stored } from "../stored";
import { rollout as provider } from "./rollout-provider";

export { Rollout, type RolloutArgs } from "./rollout";

/** What Pulumi calls. */
export const rollout = stored("agent.Rollout", provider);
