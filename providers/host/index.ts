import { current } from "../current";
import { stored } from "../stored";

export { Host, type HostArgs } from "./host";

/** What Pulumi calls; loaded when it does, which a program with such resources never does. @internal */
export const host = current(() => {
  const { host }: typeof import("./host-provider") = require("./host-provider");
  return stored("host.Host", host);
});
