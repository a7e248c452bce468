import { current } from "../current";

export { Release, type ReleaseArgs } from "./release";

/** What Pulumi calls; loaded when it does, which a program with such resources never does. */
export const release = current(
  () => (require("./release-provider") as typeof import("./release-provider")).release,
);
