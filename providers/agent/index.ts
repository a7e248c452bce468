import { current } from "../current";

export { Rollout, type RolloutArgs } from "./rollout";

/** What Pulumi calls; loaded when it does, which a program with such resources never does. */
export const rollout = current(
  () => (require("./rollout-provider") as typeof import("./rollout-provider")).rollout,
);
