import { current } from "../current";

export { Host, type HostArgs } from "./host";

/** What Pulumi calls; loaded when it does, which a program with such resources never does. */
export const host = current(() => (require("./host-provider") as typeof import("./host-provider")).host);
