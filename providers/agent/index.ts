import { current } from "../current";
import { stored } from "../stored";

export { Rollout, type RolloutArgs } from "./rollout";

/** What Pulumi calls; loaded when it does, which a program with such resources never does. @internal */
export const rollout = current(() => {
  const { rollout }: typeof import("./rollout-provider") = require("./rollout-provider");
  return stored("agent.Rollout", rollout);
});
