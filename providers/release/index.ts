import { current } from "../current";
import { stored } from "../stored";

export { Release, type ReleaseArgs } from "./release";

/** What Pulumi calls; loaded when it does, which a program with such resources never does. @internal */
export const release = current(() => {
  const { release, migrations }: typeof import("./release-provider") = require("./release-provider");
  return stored("release.Release", release, migrations);
});
